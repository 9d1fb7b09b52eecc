using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SessionLifetime.Browser.Tests;

/// <summary>
/// The bare DevTools protocol, for what Playwright prevents: it keeps every page visible, focused, unthrottled and out of the
/// back-forward cache.
/// </summary>
public sealed class DevToolsClient : IAsyncDisposable
{
    private static readonly JsonSerializerOptions s_json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _pending = new();
    private int _last;
    private Task _reading = Task.CompletedTask;

    public static async Task<DevToolsClient> ConnectAsync(Uri address)
    {
        var client = new DevToolsClient();
        await client._socket.ConnectAsync(address, CancellationToken.None);
        client._reading = client.ReadAsync();
        return client;
    }

    public async Task<JsonNode?> SendAsync(string method, object? parameters = null, string? target = null)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = _pending[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = JsonSerializer.SerializeToUtf8Bytes(new { id, method, @params = parameters ?? new { }, sessionId = target }, s_json);
        await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (true)
            {
                using var message = new MemoryStream();
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                    message.Write(buffer, 0, part.Count);
                }
                while (!part.EndOfMessage);

                var json = JsonNode.Parse(message.ToArray())!;
                if (json["id"] is { } id && _pending.TryRemove(id.GetValue<int>(), out var answer))
                {
                    if (json["error"] is { } error)
                    {
                        answer.SetException(new InvalidOperationException(error.ToJsonString()));
                    }
                    else
                    {
                        answer.SetResult(json["result"]);
                    }
                }
            }
        }
        catch (Exception exception) when (exception is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            foreach (var answer in _pending.Values)
            {
                answer.TrySetException(exception);
            }
        }
    }
}
