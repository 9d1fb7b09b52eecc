using SessionLifetime.Soak.Databases;
using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Deploy;

/// <summary>A rolling deploy of three nodes under load, twice: the second brings another timeout. A browser looks on.</summary>
internal sealed class DeploySoak : ISoak
{
    private const int Sessions = 300;

    public string Name => "deploy";

    public string Arguments => Database.Names;

    public string Description => "Replaces three nodes under load, one after the other, twice, and counts what was refused or lost. A page in Chromium is used meanwhile.";

    public async Task<bool> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        await using var database = await Database.StartAsync(arguments[0]);
        var folder = Directory.CreateTempSubdirectory("sessionlifetime-deploy-");
        NodeProcess[] nodes = [new(1, folder), new(2, folder), new(3, folder)];
        using var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false };
        try
        {
            foreach (var node in nodes)
            {
                using var direct = new HttpClient();
                node.Start(Settings(isSecond: false));
                await node.WaitUntilReadyAsync(direct);
            }

            await using var front = await DeployFront.StartAsync(nodes);
            using var http = new HttpClient(handler) { BaseAddress = new(front.Url) };
            await using var page = new DeployPage();
            await page.OpenAsync(front.Url);
            var load = new DeployLoad(http, Sessions);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var running = Task.WhenAll(load.RunAsync(end.Token), page.RunAsync(end.Token));
            await Task.Delay(TimeSpan.FromSeconds(5), CancellationToken.None);
            foreach (var isSecond in new[] { false, true })
            {
                foreach (var node in nodes)
                {
                    await node.StopAsync();
                    node.Start(Settings(isSecond));
                    using var direct = new HttpClient();
                    await node.WaitUntilReadyAsync(direct);
                    await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(6), CancellationToken.None), running);
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(20), CancellationToken.None);
            var quietFrom = Clock.Now;
            await end.CancelAsync();
            await running;

            // Silent, they end: each is told once.
            await Task.Delay(TimeSpan.FromSeconds(20 + 10 + 15), CancellationToken.None);
            return Report(database.Name, folder, load, page, quietFrom);
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }
        }

        NodeSettings Settings(bool isSecond) =>
            new() { Store = database.Name, Connection = database.Connection, Timeout = isSecond ? 12 : 20, Countdown = 10, Pages = true };
    }

    private static bool Report(string database, DirectoryInfo folder, DeployLoad load, DeployPage page, double quietFrom)
    {
        var events = folder.GetFiles("*.events").SelectMany(static file => File.ReadAllLines(file.FullName)).Select(EventLine.Parse).ToArray();
        var ours = load.Sessions.ToHashSet(StringComparer.Ordinal);
        var exits = events.Where(line => line.Event == EventLine.Exit && ours.Contains(line.Session)).ToArray();
        var early = exits.Where(line => line.At < quietFrom).ToArray();
        var untold = ours.Except(exits.Select(static line => line.Session), StringComparer.Ordinal).ToArray();
        var twice = exits.Length - exits.Select(static line => line.Session).Distinct(StringComparer.Ordinal).Count();
        var took = load.Took.Order().ToArray();
        Console.WriteLine($"""
            deploy {database}
              nodes replaced  6, the last three with another timeout
              sessions        {ours.Count}: {early.Length} ended early, {untold.Length} not told of their end, {twice} told twice
              requests        {load.Served} served, {load.Refused.Count} refused; 99 of 100 took {took[(int)(took.Length * 0.99)] * 1000:F0} ms, the longest {took[^1] * 1000:F0} ms
              browser         {string.Join(", ", page.Done.Select(static done => $"{done.Value} x {done.Key}"))}; {page.Reopened} WebSockets were closed by a stopping node
              wrong there     {page.Wrong.Count}
            """);
        foreach (var line in load.Refused.Take(10).Concat(page.Wrong.Take(10)).Concat(early.Take(5).Select(static line => $"early: {line}")).Concat(untold.Take(5).Select(static id => $"untold: {id}")))
        {
            Console.WriteLine($"    {line}");
        }

        return load.Refused.IsEmpty && page.Wrong.Count == 0 && early.Length == 0 && untold.Length == 0 && twice == 0 && ours.Count == Sessions;
    }
}
