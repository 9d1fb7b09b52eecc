using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Commands of WebDriver BiDi (W3C), over its WebSocket.</summary>
internal sealed class BidiConnection : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonNode>> _waiting = new();
    private Task _reading = Task.CompletedTask;
    private long _last;

    public static async Task<BidiConnection> ConnectAsync(Uri address)
    {
        var connection = new BidiConnection();
        await connection._socket.ConnectAsync(address, CancellationToken.None);
        connection._reading = connection.ReadAsync();
        await connection.SendAsync("session.new", new JsonObject { ["capabilities"] = new JsonObject() });
        return connection;
    }

    /// <summary>Sends a command and gives its result.</summary>
    /// <exception cref="InvalidOperationException">The browser refused it.</exception>
    public async Task<JsonNode> SendAsync(string method, JsonObject parameters)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        var command = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters });
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(command, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }

        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 16];
        while (true)
        {
            using var message = new MemoryStream();
            ValueWebSocketReceiveResult received;
            do
            {
                received = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                message.Write(buffer, 0, received.Count);
            }
            while (!received.EndOfMessage);

            if (JsonNode.Parse(message.ToArray()) is JsonObject answer && answer["id"]?.GetValue<long>() is { } id && _waiting.TryRemove(id, out var waiting))
            {
                if (answer["type"]?.GetValue<string>() == "success")
                {
                    waiting.SetResult(answer["result"]!);
                }
                else
                {
                    waiting.SetException(new InvalidOperationException(answer.ToJsonString()));
                }
            }
        }
    }
}
