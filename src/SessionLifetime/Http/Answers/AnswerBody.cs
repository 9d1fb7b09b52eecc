using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.Http.Answers;

/// <summary>The body of an answer that waits for the store before it starts.</summary>
internal sealed class AnswerBody(IHttpResponseBodyFeature inner, AnswerStart start) : IHttpResponseBodyFeature
{
    private AnswerStream? _stream;
    private AnswerWriter? _writer;

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
