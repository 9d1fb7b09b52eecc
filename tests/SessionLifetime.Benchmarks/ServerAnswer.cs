using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.Benchmarks;

/// <summary>An answer that nobody reads. The callbacks are kept and called as Kestrel does, in stacks that are used again.</summary>
internal sealed class ServerAnswer : IHttpResponseFeature, IHttpResponseBodyFeature
{
    private readonly Stack<(Func<object, Task> Callback, object State)> _starting = new();
    private readonly Stack<(Func<object, Task> Callback, object State)> _completed = new();
    private PipeWriter? _writer;

    public int StatusCode { get; set; } = 200;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public Stream Body { get; set; } = Stream.Null;

    public bool HasStarted => false;

    public Stream Stream => Body;

    public PipeWriter Writer => _writer ??= PipeWriter.Create(Body);

    /// <summary>The cookies it sets, as the next request sends them.</summary>
    public string Cookies => string.Join("; ", Headers.SetCookie.Select(static cookie => cookie!.Split(';')[0]));

    public void OnStarting(Func<object, Task> callback, object state) => _starting.Push((callback, state));

    public void OnCompleted(Func<object, Task> callback, object state) => _completed.Push((callback, state));

    public void DisableBuffering()
    {
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task CompleteAsync() => Task.CompletedTask;

    /// <summary>What a server does when the pipeline is done.</summary>
    public void Complete()
    {
        Call(_starting);
        Call(_completed);
    }

    private static void Call(Stack<(Func<object, Task> Callback, object State)> callbacks)
    {
        while (callbacks.TryPop(out var next))
        {
            next.Callback(next.State).GetAwaiter().GetResult();
        }
    }
}
