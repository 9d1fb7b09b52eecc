using System.Globalization;
using SessionLifetime.Browser.Tests;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Soak.Use;

/// <summary>Random use of an app in a browser, for hours, against the five rules.</summary>
internal sealed class UseSoak : ISoak
{
    public string Name => "use";

    public string Arguments => "chromium|firefox|webkit [minutes=120] [seed=1]";

    public string Description => "Somebody uses an app in a few tabs at random; what the server does with the sessions is compared with what it should.";

    public async Task<bool> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var engine = Enum.Parse<EngineKind>(arguments.Count > 0 ? arguments[0] : "chromium", ignoreCase: true);
        var minutes = arguments.Count > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 120;
        var seed = arguments.Count > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 1;
        var folder = Directory.CreateTempSubdirectory($"session-lifetime-use-{engine}-").FullName;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{engine}, {minutes} minutes, seed {seed}; journals in {folder}"));

        using var journal = new UseJournal(folder);
        using var stalls = new UseStalls(journal);
        var sessions = new UseSessions(journal, stalls);
        await using var server = await UseServer.StartAsync(journal, sessions);
        await using var network = new CuttableProxy(server.Url);
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(TimeSpan.FromMinutes(minutes));
        using var over = new CancellationTokenSource();
        var watching = WatchAsync(journal, sessions, over.Token);
        var random = new Random(seed);
        do
        {
            await UseAsync(engine, network, sessions, journal, random, time.Token);
        }
        while (!time.IsCancellationRequested);

        // All tabs are closed: every session ends by itself, once.
        await Task.Delay(TimeSpan.FromSeconds(UseSettings.SignalTimeout + UseSettings.Sweep + UseSettings.Late + 10), CancellationToken.None);
        await over.CancelAsync();
        await watching;
        if (server.Live != 0 || sessions.Live != 0)
        {
            journal.Violation($"{server.Live} sessions live, {sessions.Live} have not been told to have ended, and no page is open");
        }

        Report(journal, sessions);
        Console.WriteLine(journal.Violations == 0 ? "No violation." : $"{journal.Violations} violations.");
        return journal.Violations == 0;
    }

    /// <summary>Uses one browser, until the time is over, or its driver crashes, which is nothing the app did: so does a browser.</summary>
    private static async Task UseAsync(EngineKind engine, CuttableProxy network, UseSessions sessions, UseJournal journal, Random random, CancellationToken cancellationToken)
    {
        await using var engines = new EnginesFixture();
        await using var chromium = new ChromiumFixture();
        var browser = await engines.OpenBareAsync(engine, chromium);
        try
        {
            await new UseUser(engine, browser, network, sessions, journal, random).UseAsync(cancellationToken);
            await browser.DisposeAsync();
        }
        catch (OpenQA.Selenium.WebDriverException exception) when (exception.InnerException is HttpRequestException)
        {
            journal.Count("crashes of the driver");
            journal.Write($"The driver has crashed: {exception.InnerException.Message}");
        }
    }

    private static async Task WatchAsync(UseJournal journal, UseSessions sessions, CancellationToken cancellationToken)
    {
        var errors = PageErrors.Current;
        for (var next = 60.0; !cancellationToken.IsCancellationRequested; await Task.Delay(1000, CancellationToken.None))
        {
            sessions.Judge();
            while (errors.TryDequeue(out var error))
            {
                journal.Violation("A page says: " + error);
            }

            if (journal.Now > next)
            {
                next += 60;
                Report(journal, sessions);
            }
        }

        sessions.Judge();
    }

    private static void Report(UseJournal journal, UseSessions sessions) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeSpan.FromSeconds(journal.Now):hh\\:mm\\:ss} {sessions.Live} live, {journal.Violations} violations; {journal.Summary()}"));
}
