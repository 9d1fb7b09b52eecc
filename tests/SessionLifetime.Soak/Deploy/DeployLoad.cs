using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Deploy;

/// <summary>Sessions in steady use through the front. Nothing is tried twice: what is not served is counted.</summary>
internal sealed class DeployLoad(HttpClient client, int sessions)
{
    private int _served;

    /// <summary>What was not served, in words.</summary>
    public ConcurrentQueue<string> Refused { get; } = [];

    /// <summary>The public ids.</summary>
    public ConcurrentQueue<string> Sessions { get; } = [];

    /// <summary>How long each call took, in seconds.</summary>
    public ConcurrentQueue<double> Took { get; } = [];

    public int Served => _served;

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, sessions).Select(_ => Task.Run(() => UseAsync(stop), CancellationToken.None)));

    private async Task UseAsync(CancellationToken stop)
    {
        var secret = "";
        if (!await CallAsync("attach", "/_session/attach", async answer =>
        {
            var body = (await answer.Content.ReadFromJsonAsync<JsonNode>(CancellationToken.None))!;
            secret = (string)body["id"]!;
            Sessions.Enqueue((string)body["session"]!);
        }))
        {
            return;
        }

        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(0.5 + (Random.Shared.NextDouble() * 2.5)), stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await CallAsync("touch", "/touch", static _ => Task.CompletedTask);
        }

        async Task<bool> CallAsync(string what, string path, Func<HttpResponseMessage, Task> read)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path);
            if (secret.Length == 0)
            {
                request.Content = JsonContent.Create(new { page = "p1" });
            }
            else
            {
                request.Headers.Add("X-Session-Id", secret);
                request.Headers.Add("X-Session-Page", "p1");
            }

            var from = Clock.Now;
            try
            {
                using var answer = await client.SendAsync(request, CancellationToken.None);
                Took.Enqueue(Clock.Now - from);
                if (answer.IsSuccessStatusCode)
                {
                    Interlocked.Increment(ref _served);
                    await read(answer);
                    return true;
                }

                Refused.Enqueue(FormattableString.Invariant($"{from:F2} {what}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(CancellationToken.None)}"));
            }
            catch (HttpRequestException exception)
            {
                Refused.Enqueue(FormattableString.Invariant($"{from:F2} {what}: {exception.Message}"));
            }

            return false;
        }
    }
}
