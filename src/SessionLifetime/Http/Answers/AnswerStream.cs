namespace SessionLifetime.Http.Answers;

/// <summary>The body of an answer that waits for the store before it starts, as a stream. A synchronous write cannot wait here: the server does.</summary>
internal sealed class AnswerStream(Stream inner, IAnswerSteps start) : Stream
{
    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => inner.CanSeek;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void SetLength(long value) => inner.SetLength(value);

    public override void Flush() => inner.Flush();

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await start.SaveAsync();
        await inner.FlushAsync(cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var saving = start.SaveAsync();
        return saving.IsCompletedSuccessfully ? inner.WriteAsync(buffer, cancellationToken) : WaitAndWriteAsync(saving, buffer, cancellationToken);
    }

    private async ValueTask WaitAndWriteAsync(ValueTask saving, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await saving;
        await inner.WriteAsync(buffer, cancellationToken);
    }
}
