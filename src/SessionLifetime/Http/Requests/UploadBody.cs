using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// The body of a request that holds its session's clocks. Each piece that arrives lets the request hold anew, so that an upload may take as long as it
/// takes. Reads pass through; disposing it does nothing, since the body is the server's.
/// </summary>
/// <param name="body">The server's.</param>
/// <param name="request">The request, which is reused: after its end the body tells it nothing.</param>
/// <param name="generation">Which use of it this is.</param>
internal sealed class UploadBody(Stream body, IUploadHold request, int generation) : Stream
{
    /// <summary>Wraps the body of a request. False where it has none; most have none, and say so by their method.</summary>
    public static bool TryWrap(IFeatureCollection features, IUploadHold request, int generation)
    {
        var sent = features.Find<IHttpRequestFeature>()!;
        if (HttpMethods.IsGet(sent.Method)
            || sent.Headers.ContentLength == 0
            || features.Find<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return false;
        }

        sent.Body = new UploadBody(sent.Body, request, generation);
        return true;
    }

    public override bool CanRead => body.CanRead;

    public override bool CanSeek => body.CanSeek;

    public override bool CanWrite => body.CanWrite;

    public override long Length => body.Length;

    public override bool CanTimeout => body.CanTimeout;

    public override int ReadTimeout
    {
        get => body.ReadTimeout;
        set => body.ReadTimeout = value;
    }

    public override long Position
    {
        get => body.Position;
        set => body.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = body.Read(buffer);
        var arriving = read > 0 ? ArrivedAsync() : default;
        if (!arriving.IsCompletedSuccessfully)
        {
            _ = arriving.AsTask();
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        if (read > 0)
        {
            await ArrivedAsync();
        }

        return read;
    }

    public override long Seek(long offset, SeekOrigin origin) => body.Seek(offset, origin);

    public override void SetLength(long value) => body.SetLength(value);

    public override void Write(byte[] buffer, int offset, int count) => body.Write(buffer, offset, count);

    public override void Flush() => body.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => body.FlushAsync(cancellationToken);

    private ValueTask ArrivedAsync() => request.IsRenewalDue(generation) ? request.HoldAnewAsync() : default;
}
