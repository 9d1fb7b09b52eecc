namespace SessionLifetime.Tests.Http;

/// <summary>Where code under test waits until the test lets it go on.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Somebody waits.</summary>
    public Task Entered => _entered.Task.WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>Somebody waited, and does no more.</summary>
    public Task Left => _left.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public void Open() => _open.TrySetResult();

    public async Task PassAsync(CancellationToken cancellationToken = default)
    {
        _entered.TrySetResult();
        try
        {
            await _open.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            _left.TrySetResult();
        }
    }
}
