using System.Text.Json;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Realtime;

/// <summary>A client of a hub that does not stop where it is told to.</summary>
internal sealed class HubSocket : IDisposable
{
    private const char End = '\u001e';

    private readonly Queue<string> _waiting = new();
    private readonly Socket _socket;
    private readonly SessionApp _app;
    private int _last;

    private HubSocket(SessionApp app, Socket socket) => (_app, _socket) = (app, socket);

    public static async Task<HubSocket> ConnectAsync(SessionApp app, string path, string? id)
    {
        var hub = new HubSocket(app, await Socket.ConnectAsync(app, path, id));
        await hub._socket.SendAsync("""{"protocol":"json","version":1}""" + End);
        Assert.Equal("{}", await hub.NextAsync());

        // It has been connected, and is in its groups, when it is answered.
        await hub.InvokeAsync("Poll");
        return hub;
    }

    public Task PingAsync() => _socket.SendAsync("""{"type":6}""" + End);

    public Task SendAsync(string method) => _socket.SendAsync($$"""{"type":1,"target":"{{method}}","arguments":[]}""" + End);

    /// <summary>What the method gave as JSON, or the error.</summary>
    public async Task<string> InvokeAsync(string method)
    {
        await _socket.SendAsync($$"""{"type":1,"invocationId":"{{++_last}}","target":"{{method}}","arguments":[]}""" + End);
        var answer = JsonDocument.Parse((await NextAsync())!).RootElement;
        return answer.TryGetProperty("error", out var error) ? error.GetString()! : answer.TryGetProperty("result", out var result) ? result.GetRawText() : "null";
    }

    /// <summary>The next message that is no ping; null when the socket closes.</summary>
    public async Task<string?> NextAsync()
    {
        while (true)
        {
            while (_waiting.TryDequeue(out var waiting))
            {
                if (!waiting.Contains("\"type\":6", StringComparison.Ordinal))
                {
                    return waiting;
                }
            }

            if (await _socket.ReceiveAsync() is not { } text)
            {
                return null;
            }

            foreach (var message in text.Split(End, StringSplitOptions.RemoveEmptyEntries))
            {
                _waiting.Enqueue(message);
            }
        }
    }

    /// <summary>Waits for the hub's close message, and does not hang up: then the socket is closed. Gives the code.</summary>
    public async Task<int?> EndAsync(string reason)
    {
        Assert.Equal($$"""{"type":7,"error":"The session has ended: {{reason}}."}""", await NextAsync());
        await SessionApp.EventuallyAsync(() => _app.Time.CountDueWithin(TimeSpan.FromSeconds(0.5)) > 0);
        _app.Time.Advance(TimeSpan.FromSeconds(0.5));
        return (await _socket.ClosedAsync()).Code;
    }

    public void Dispose() => _socket.Dispose();
}
