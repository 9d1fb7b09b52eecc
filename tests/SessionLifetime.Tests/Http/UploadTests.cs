using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>How long requests hold: uploads as long as bytes arrive, others as their endpoint or the options say.</summary>
public sealed class UploadTests
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData(false, "/stream")]
    [InlineData(false, "/reader")]
    [InlineData(true, "/stream")]
    [InlineData(true, "/reader")]
    public async Task An_upload_that_takes_longer_than_MaxRequestHold_is_no_idleness_while_bytes_arrive(bool kestrel, string path)
    {
        await using var app = await StartAsync(kestrel);
        var id = await app.StartSessionAsync();
        var upload = new Upload();
        var sending = app.SendAsync(HttpMethod.Post, path, id, with: request => request.Content = upload);

        for (var piece = 1; piece <= 12; piece++)
        {
            await upload.SendAsync();
            await SessionApp.EventuallyAsync(() => app.App.Services.GetRequiredService<Counter>().Bytes == piece);
            app.Time.Advance(s_pause);
            await app.SweepAsync();
            Assert.Equal("active", (await app.StatusAsync(id)).Is(HttpStatusCode.OK).String("state"));
        }

        upload.Complete();
        Assert.Equal("12", (await sending).Is(HttpStatusCode.OK).Text);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), await app.ClocksAsync(id));
        Assert.DoesNotContain(app.Events, static line => line.StartsWith("SessionTimeout", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_upload_that_stalls_holds_for_MaxRequestHold_from_its_last_piece()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var upload = new Upload();
        var sending = app.SendAsync(HttpMethod.Post, "/stream", id, with: request => request.Content = upload);
        await upload.SendAsync();
        await SessionApp.EventuallyAsync(() => app.App.Services.GetRequiredService<Counter>().Bytes == 1);

        app.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));

        // A piece that comes late is a request that comes now.
        await upload.SendAsync();
        await SessionApp.EventuallyAsync(() => app.App.Services.GetRequiredService<Counter>().Bytes == 2);
        Assert.Equal("active", (await app.StatusAsync(id)).String("state"));
        upload.Complete();
        (await sending).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_piece_that_arrives_after_the_end_revives_nothing()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var upload = new Upload();
        var sending = app.SendAsync(HttpMethod.Post, "/stream", id, with: request => request.Content = upload);
        await upload.SendAsync();
        await SessionApp.EventuallyAsync(() => app.App.Services.GetRequiredService<Counter>().Bytes == 1);
        app.Time.Advance(TimeSpan.FromHours(2));
        await app.SweepAsync();

        await upload.SendAsync();
        upload.Complete();

        Assert.Equal("2", (await sending).Is(HttpStatusCode.OK).Text);
        (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        await app.ExpectEventsAsync("SessionStarted", "SessionTimeout 1", "ApplicationExit SignalLost");
    }

    [Fact]
    public async Task An_endpoint_may_hold_longer_or_shorter_than_others_whichever_request_came_first()
    {
        var (report, plain, quick) = (new Gate(), new Gate(), new Gate());
        await using var app = await StartAsync(map: web =>
        {
            web.MapGet("/report", () => report.PassAsync(CancellationToken.None)).WithRequestHold(TimeSpan.FromHours(1));
            web.MapGet("/plain", () => plain.PassAsync(CancellationToken.None));
            web.MapGet("/quick", [RequestHold(60)] () => quick.PassAsync(CancellationToken.None));
        });
        var id = await app.StartSessionAsync();
        var requests = new List<Task<Answer>>();
        foreach (var (path, gate) in new[] { ("/report", report), ("/quick", quick), ("/plain", plain) })
        {
            requests.Add(app.GetAsync(path, id));
            await gate.Entered;
        }

        app.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("active", (await app.StatusAsync(id)).Is(HttpStatusCode.OK).String("state"));
        plain.Open();
        quick.Open();
        await requests[1];
        await requests[2];
        app.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("active", (await app.StatusAsync(id)).Is(HttpStatusCode.OK).String("state"));
        app.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
        report.Open();
        (await requests[0]).Is(HttpStatusCode.OK);
    }

    [Fact]
    public void A_hold_is_positive()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RequestHoldAttribute(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RequestHoldAttribute(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RequestHoldAttribute(double.MaxValue));
        Assert.Equal(90, new RequestHoldAttribute(90).Seconds);
    }

    private static Task<SessionApp> StartAsync(bool kestrel = false, Action<WebApplication>? map = null) => SessionApp.StartRecordingAsync(setup =>
    {
        setup.Kestrel = kestrel;
        setup.Services = static builder => builder.Services.AddSingleton<Counter>();
        setup.Map = web =>
        {
            web.MapPost("/stream", static async (HttpContext context, Counter counter) =>
            {
                var buffer = new byte[16];
                for (int read; (read = await context.Request.Body.ReadAsync(buffer)) > 0;)
                {
                    counter.Bytes += read;
                }

                return $"{counter.Bytes}";
            });
            web.MapPost("/reader", static async (HttpContext context, Counter counter) =>
            {
                for (ReadResult read; (read = await context.Request.BodyReader.ReadAsync()) is { IsCompleted: false } || !read.Buffer.IsEmpty;)
                {
                    counter.Bytes += (int)read.Buffer.Length;
                    context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                }

                return $"{counter.Bytes}";
            });
            map?.Invoke(web);
        };
    });

    private sealed class Counter
    {
        private int _bytes;

        public int Bytes
        {
            get => Volatile.Read(ref _bytes);
            set => Volatile.Write(ref _bytes, value);
        }
    }

    /// <summary>A body whose bytes come when the test says so.</summary>
    private sealed class Upload : HttpContent
    {
        private readonly Pipe _pipe = new();

        public async Task SendAsync()
        {
            await _pipe.Writer.WriteAsync(new byte[1]);
            await _pipe.Writer.FlushAsync();
        }

        public void Complete() => _pipe.Writer.Complete();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (ReadResult read; !(read = await _pipe.Reader.ReadAsync()).IsCompleted || !read.Buffer.IsEmpty;)
            {
                foreach (var piece in read.Buffer)
                {
                    await stream.WriteAsync(piece);
                }

                await stream.FlushAsync();
                _pipe.Reader.AdvanceTo(read.Buffer.End);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
