using System.Globalization;
using SessionLifetime.Soak.Databases;
using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Chaos;

/// <summary>Three nodes as processes in front of a real database, killed and stopped under load, and what was promised is counted.</summary>
internal sealed class ChaosSoak : ISoak
{
    private const double Warmth = 10;

    public string Name => "chaos";

    public string Arguments => $"{Database.Names} [minutes=5] [sessions=2000] [seed]";

    public string Description => "Kills and stalls nodes and the database under load, and counts what is broken of what is promised.";

    public async Task<bool> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var minutes = arguments.Count > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 5;
        var sessions = arguments.Count > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 2000;
        var seed = arguments.Count > 3 ? int.Parse(arguments[3], CultureInfo.InvariantCulture) : Random.Shared.Next(100_000);
        var times = new ChaosTimes();
        await using var database = await Database.StartAsync(arguments[0]);
        var folder = Directory.CreateTempSubdirectory("sessionlifetime-chaos-");
        NodeProcess[] nodes = [new(1, folder), new(2, folder), new(3, folder)];
        using var handler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1), UseProxy = false, UseCookies = false };
        using var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            Array.ForEach(nodes, node => node.Start(Settings()));
            foreach (var node in nodes)
            {
                await node.WaitUntilReadyAsync(http);
            }

            Console.WriteLine($"chaos {database.Name}: {sessions} sessions, {minutes} min, seed {seed}, files in {folder.FullName}");
            var load = new ChaosLoad(new(nodes, http), sessions, seed, times);
            using var faults = new ChaosFaults(nodes, database, Settings, seed, times);
            using var end = new CancellationTokenSource();
            using var peace = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var loading = load.RunAsync(end.Token);
            await PauseAsync(Warmth, cancellationToken);
            peace.CancelAfter(TimeSpan.FromMinutes(minutes));
            await faults.RunAsync(minutes * 60, peace.Token);

            // Everything runs; the sessions are used for a while longer, and then left alone.
            var healthyFrom = Clock.Now;
            await Task.Delay(TimeSpan.FromSeconds(2 * times.Lease), CancellationToken.None);
            var quietFrom = Clock.Now;
            await end.CancelAsync();
            await loading;
            await WaitForEndsAsync(load, folder, times);

            var oracle = new ChaosOracle(faults.All, ReadEvents(folder), times, quietFrom);
            foreach (var session in load.Sessions)
            {
                oracle.Judge(session);
            }

            ChaosReport.Write(database.Name, load.Sessions, faults.All, oracle, healthyFrom);
            return oracle.Violations.Count == 0;
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }
        }

        NodeSettings Settings() => new()
        {
            Store = database.Name, Connection = database.Connection, Timeout = times.Timeout, Countdown = times.Countdown, Sweep = times.Sweep, Handler = 0.3,
        };
    }

    /// <summary>Waits until all ends are told. Whether that was in time is judged afterwards.</summary>
    private static async Task WaitForEndsAsync(ChaosLoad load, DirectoryInfo folder, ChaosTimes times)
    {
        var until = Clock.Now + (4 * (times.Whole + (2 * times.Lease)));
        while (Clock.Now < until)
        {
            var told = ReadEvents(folder).Where(static line => line.Event == EventLine.Exit).Select(static line => line.Session).ToHashSet(StringComparer.Ordinal);
            if (load.Sessions.All(session => session.Id.Length == 0 || told.Contains(session.Id)))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None);
        }
    }

    private static EventLine[] ReadEvents(DirectoryInfo folder) =>
        [.. folder.GetFiles("*.events").SelectMany(static file => File.ReadAllLines(file.FullName)).Select(EventLine.Parse).OrderBy(static line => line.At)];

    private static async Task PauseAsync(double seconds, CancellationToken stop)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), stop);
        }
        catch (OperationCanceledException)
        {
            // Stopped early: what there is is judged.
        }
    }
}
