using System.Net.WebSockets;
using System.Text;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Realtime;

/// <summary>The client's end of a WebSocket.</summary>
internal sealed class Socket : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _client = new();

    private Socket()
    {
    }

    public string? SubProtocol => _client.SubProtocol;

    public int? Code => (int?)_client.CloseStatus;

    public string? Description => _client.CloseStatusDescription;

    public static async Task<Socket> ConnectAsync(SessionApp app, string path, string? id = null, string? cookie = null, params string[] own)
    {
        var socket = new Socket();
        if (id is not null)
        {
            if (id.Length == SessionId.TextLength)
            {
                TestCapture.Secret(id);
            }

            socket._client.Options.AddSubProtocol("session-lifetime");
            socket._client.Options.AddSubProtocol("session-lifetime." + id);
        }

        foreach (var protocol in own)
        {
            socket._client.Options.AddSubProtocol(protocol);
        }

        if (cookie is not null)
        {
            socket._client.Options.SetRequestHeader("Cookie", cookie);
        }

        using var stop = new CancellationTokenSource(s_patience);
        await socket._client.ConnectAsync(new Uri(app.Address.ToString().Replace("http:", "ws:", StringComparison.Ordinal).TrimEnd('/') + path), stop.Token);
        return socket;
    }

    public async Task SendAsync(string text)
    {
        using var stop = new CancellationTokenSource(s_patience);
        await _client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, stop.Token);
    }

    /// <summary>The next message; null when it is a close.</summary>
    public async Task<string?> ReceiveAsync()
    {
        using var stop = new CancellationTokenSource(s_patience);
        var buffer = new byte[4096];
        var received = await _client.ReceiveAsync(buffer.AsMemory(), stop.Token);
        return received.MessageType == WebSocketMessageType.Close ? null : Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    public async Task<string?> AskAsync(string text)
    {
        await SendAsync(text);
        return await ReceiveAsync();
    }

    /// <summary>Waits for the server to close, and closes in turn.</summary>
    public async Task<(int? Code, string? Description)> ClosedAsync()
    {
        Assert.Null(await ReceiveAsync());
        using var stop = new CancellationTokenSource(s_patience);
        await _client.CloseOutputAsync(_client.CloseStatus!.Value, _client.CloseStatusDescription, stop.Token);
        return (Code, Description);
    }

    public void Dispose() => _client.Dispose();
}
