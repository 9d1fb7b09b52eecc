using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Ids;

namespace SessionLifetime.Benchmarks;

/// <summary>A server on Kestrel whose WebSockets echo what they receive; with the library, or without.</summary>
internal sealed class SocketServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly bool _hasSessions;

    private SocketServer(bool hasSessions)
    {
        _hasSessions = hasSessions;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        if (hasSessions)
        {
            builder.Services.AddSessionLifetime();
        }

        _app = builder.Build();
        _app.UseWebSockets();
        if (hasSessions)
        {
            _app.UseSessionLifetime();
        }

        _app.Map("/echo", EchoAsync);
    }

    public IServiceProvider Services => _app.Services;

    private int Port => new Uri(_app.Urls.First()).Port;

    public static async Task<SocketServer> StartAsync(bool hasSessions)
    {
        var server = new SocketServer(hasSessions);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Opens a WebSocket of a session of its own, where there are sessions.</summary>
    public async Task<Socket> ConnectAsync(string? id = null)
    {
        if (_hasSessions)
        {
            id ??= (await Services.StartSessionAsync(BrowserKey.None)).Secret.Reveal();
        }

        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        var protocols = _hasSessions ? $"Sec-WebSocket-Protocol: session-lifetime, session-lifetime.{id}\r\n" : "Sec-WebSocket-Protocol: a\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocols}\r\n"));
        var answer = new byte[1024];
        var length = 0;
        while (!answer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            length += await socket.ReceiveAsync(answer.AsMemory(length));
        }

        return Encoding.ASCII.GetString(answer, 0, length).StartsWith("HTTP/1.1 101", StringComparison.Ordinal)
            ? socket
            : throw new InvalidOperationException("The server did not switch protocols.");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[256];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
            }
        }
        catch (WebSocketException)
        {
            // The client is gone.
        }
    }
}
