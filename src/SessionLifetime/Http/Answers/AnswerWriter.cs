using System.IO.Pipelines;

namespace SessionLifetime.Http.Answers;

/// <summary>The body of an answer that waits for the store before it starts, as a pipe.</summary>
internal sealed class AnswerWriter(PipeWriter inner, IAnswerSteps start) : PipeWriter
{
    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        await start.SaveAsync();
        await inner.CompleteAsync(exception);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var saving = start.SaveAsync();
        return saving.IsCompletedSuccessfully ? inner.FlushAsync(cancellationToken) : WaitAndFlushAsync(saving, cancellationToken);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        var saving = start.SaveAsync();
        return saving.IsCompletedSuccessfully ? inner.WriteAsync(source, cancellationToken) : WaitAndWriteAsync(saving, source, cancellationToken);
    }

    private async ValueTask<FlushResult> WaitAndFlushAsync(ValueTask saving, CancellationToken cancellationToken)
    {
        await saving;
        return await inner.FlushAsync(cancellationToken);
    }

    private async ValueTask<FlushResult> WaitAndWriteAsync(ValueTask saving, ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        await saving;
        return await inner.WriteAsync(source, cancellationToken);
    }
}
