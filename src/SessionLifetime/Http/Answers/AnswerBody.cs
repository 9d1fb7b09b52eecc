using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.Http.Answers;

/// <summary>The body of an answer that waits for the store before it starts.</summary>
internal sealed class AnswerBody(IHttpResponseBodyFeature inner, AnswerStart start) : IHttpResponseBodyFeature
{
    private AnswerStream? _stream;
    private AnswerWriter? _writer;

    /// <summary>From now on the answer waits for the steps that are added.</summary>
    public static AnswerStart Begin(HttpContext context)
    {
        var body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var start = new AnswerStart(body);
        context.Features.Set(start);
        context.Features.Set<IHttpResponseBodyFeature>(new AnswerBody(body, start));
        context.Response.OnStarting(static state => ((AnswerStart)state).StartAsync(), start);
        return start;
    }

    public Stream Stream => _stream ??= new(inner.Stream, start);

    public PipeWriter Writer => _writer ??= new(inner.Writer, start);

    public void DisableBuffering() => inner.DisableBuffering();

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await start.SaveAsync();
        await inner.StartAsync(cancellationToken);
    }

    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        await start.SaveAsync();
        await inner.SendFileAsync(path, offset, count, cancellationToken);
    }

    public async Task CompleteAsync()
    {
        await start.SaveAsync();
        await inner.CompleteAsync();
    }
}
