using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Ids;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>What the library costs a WebSocket: in messages, in memory, and how soon many are closed.</summary>
internal static class WebSocketFigures
{
    private const int Sockets = 5000;
    private const int MessagesAtOnce = 64;
    private const int Payload = 32;
    private const int Rounds = 41;
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(0.4);

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        await using var bare = await SocketServer.StartAsync(hasSessions: false);
        await using var ours = await SocketServer.StartAsync(hasSessions: true);
        var (without, with, ratio) = await EchoAsync(bare, ours);

        // Once before, so that what is made once is not counted.
        await MemoryAsync(bare, 200);
        await MemoryAsync(ours, 200);
        var idle = await MemoryAsync(bare, Sockets);
        var (socket, session, closing, told) = await CloseAsync(ours);
        return
        [
            new("WebSocket messages a second, echoed, against no library", $"{with:0}", $"{without:0}", "within 3 %", ratio >= 0.97),
            new("the same, median of the rounds' ratios", $"{ratio:0.000}", "1", "0.97", ratio >= 0.97),
            new("bytes an idle WebSocket, against one without the library", $"{socket:0}", $"{idle:0}", "1024 more", socket - idle < 1024),
            new("bytes of the session, where it has no other", $"{session:0}", "", "", IsMet: true),
            new($"{Sockets} sockets told the reason of {Sockets} sessions' end", $"{closing.TotalSeconds:0.00} s, {told} told", "", "5 s", closing < TimeSpan.FromSeconds(5) && told == Sockets),
        ];
    }

    /// <summary>The two servers take turns; of neighbouring rounds the ratio is taken, and of the ratios the median.</summary>
    private static async Task<(double Without, double With, double Ratio)> EchoAsync(SocketServer bare, SocketServer ours)
    {
        using var plain = await bare.ConnectAsync();
        using var counted = await ours.ConnectAsync();
        var (without, with, ratios) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = -4; round < Rounds; round++)
        {
            var (first, second) = round % 2 == 0 ? (plain, counted) : (counted, plain);
            var (a, b) = (await RoundAsync(first), await RoundAsync(second));
            if (round >= 0)
            {
                var (p, c) = round % 2 == 0 ? (a, b) : (b, a);
                without.Add(p);
                with.Add(c);
                ratios.Add(c / p);
            }
        }

        return (Measure.Median(without), Measure.Median(with), Measure.Median(ratios));
    }

    private static async Task<double> RoundAsync(Socket socket)
    {
        var frames = new byte[MessagesAtOnce * (6 + Payload)];
        for (var at = 0; at < frames.Length; at += 6 + Payload)
        {
            (frames[at], frames[at + 1]) = (0x82, 0x80 | Payload);
        }

        var answer = new byte[MessagesAtOnce * (2 + Payload)];
        var startedAt = Stopwatch.GetTimestamp();
        var messages = 0;
        while (Stopwatch.GetElapsedTime(startedAt) < s_round)
        {
            await socket.SendAsync(frames);
            for (var received = 0; received < answer.Length;)
            {
                received += await socket.ReceiveAsync(answer.AsMemory(received));
            }

            messages += MessagesAtOnce;
        }

        return messages / Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
    }

    private static async Task<double> MemoryAsync(SocketServer server, int count)
    {
        var before = Measure.Heap();
        var sockets = await OpenAsync(server, count);
        var bytes = (Measure.Heap() - before) / (double)count;
        sockets.ForEach(static socket => socket.Dispose());
        await Task.Delay(1000);
        return bytes;
    }

    private static async Task<(double Bytes, double Session, TimeSpan Closing, int Told)> CloseAsync(SocketServer server)
    {
        var empty = Measure.Heap();
        var ids = new SessionId[Sockets];
        for (var i = 0; i < Sockets; i++)
        {
            ids[i] = (await server.Services.StartSessionAsync(BrowserKey.None)).Secret;
        }

        var before = Measure.Heap();
        var sockets = new List<Socket>(Sockets);
        foreach (var id in ids)
        {
            sockets.Add(await server.ConnectAsync(id.Reveal()));
        }

        var bytes = (Measure.Heap() - before) / (double)Sockets;
        var receiving = sockets.ConvertAll(static socket => CodeAsync(socket));
        var engine = server.Services.GetRequiredService<SessionEngine>();
        var startedAt = Stopwatch.GetTimestamp();
        await foreach (var _ in new AllSessions(engine).EndAsync(filter: default, SessionEndReason.Revoked, except: null))
        {
            // Each is told to end.
        }

        var told = (await Task.WhenAll(receiving)).Count(static what => what == "4408 Revoked");
        var closing = Stopwatch.GetElapsedTime(startedAt);
        sockets.ForEach(static socket => socket.Dispose());
        return (bytes, (before - empty) / (double)Sockets, closing, told);
    }

    private static async Task<List<Socket>> OpenAsync(SocketServer server, int count)
    {
        var sockets = new List<Socket>(count);
        for (var i = 0; i < count; i++)
        {
            sockets.Add(await server.ConnectAsync());
        }

        return sockets;
    }

    private static async Task<string> CodeAsync(Socket socket)
    {
        var frame = new byte[64];
        var length = await socket.ReceiveAsync(frame.AsMemory());
        return length > 4 && frame[0] == 0x88 ? $"{(frame[2] << 8) | frame[3]} {Encoding.ASCII.GetString(frame, 4, length - 4)}" : $"{length} bytes";
    }
}
