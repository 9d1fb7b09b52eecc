using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Chaos;

/// <summary>Sends requests of sessions, each to any node, and keeps what they were answered.</summary>
internal sealed class ChaosClient(IReadOnlyList<NodeProcess> nodes, HttpClient client)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>Sends one call to any node.</summary>
    public async Task<Call> SendAsync(ChaosSession session, CallKind kind, Random random)
    {
        var node = nodes[random.Next(nodes.Count)];
        var path = kind switch
        {
            CallKind.Attach => "/_session/attach",
            CallKind.Status => "/_session",
            CallKind.Exit => "/_session/exit",
            _ => "/touch",
        };
        using var request = new HttpRequestMessage(kind == CallKind.Status ? HttpMethod.Get : HttpMethod.Post, node.Url + path);
        if (kind == CallKind.Attach)
        {
            request.Content = JsonContent.Create(new { page = "p1" });
        }
        else
        {
            request.Headers.Add("X-Session-Id", session.Secret);
            request.Headers.Add("X-Session-Page", "p1");
        }

        var sent = Clock.Now;
        Call call;
        try
        {
            using var stop = new CancellationTokenSource(s_patience);
            using var answer = await client.SendAsync(request, stop.Token);
            if (kind == CallKind.Attach && answer.IsSuccessStatusCode)
            {
                var body = (await answer.Content.ReadFromJsonAsync<JsonNode>(stop.Token))!;
                (session.Secret, session.Id) = ((string)body["id"]!, (string)body["session"]!);
            }

            var name = answer.Headers.TryGetValues("X-Node", out var names) ? names.First() : "";
            call = new(kind, sent, Clock.Now, (int)answer.StatusCode, name);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or System.Text.Json.JsonException or IOException)
        {
            call = new(kind, sent, Clock.Now, 0, "");
        }

        session.Calls.Add(call);
        return call;
    }

    /// <summary>Calls until a node answers for the session: not 503, nor a refused connection, nor silence.</summary>
    public async Task<Call> UntilAnsweredAsync(ChaosSession session, CallKind kind, Random random, CancellationToken stop)
    {
        while (true)
        {
            var call = await SendAsync(session, kind, random);
            if (call.Status is not (0 or >= 500) || stop.IsCancellationRequested)
            {
                return call;
            }

            await Task.Delay(TimeSpan.FromSeconds(0.3 + (random.NextDouble() * 0.7)), CancellationToken.None);
        }
    }
}
