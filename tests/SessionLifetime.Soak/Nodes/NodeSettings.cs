using Microsoft.Extensions.Configuration;

namespace SessionLifetime.Soak.Nodes;

/// <summary>What a node is told on its command line.</summary>
internal sealed class NodeSettings
{
    public string Name { get; set; } = "";

    public string Url { get; set; } = "";

    public string Store { get; set; } = "";

    public string Connection { get; set; } = "";

    /// <summary>The file its handlers append to.</summary>
    public string Events { get; set; } = "";

    /// <summary>T and C, in seconds.</summary>
    public double Timeout { get; set; } = 20;

    public double Countdown { get; set; } = 10;

    public double Sweep { get; set; } = 2;

    /// <summary>For how long a handler may take, in seconds; each takes some part of it.</summary>
    public double Handler { get; set; }

    /// <summary>Whether it has pages for a browser.</summary>
    public bool Pages { get; set; }

    public static NodeSettings Read(IEnumerable<string> arguments) =>
        new ConfigurationBuilder().AddCommandLine([.. arguments]).Build().Get<NodeSettings>() ?? new();

    public string[] ToArguments() =>
    [
        "node", "--name", Name, "--url", Url, "--store", Store, "--connection", Connection, "--events", Events,
        "--timeout", FormattableString.Invariant($"{Timeout}"), "--countdown", FormattableString.Invariant($"{Countdown}"),
        "--sweep", FormattableString.Invariant($"{Sweep}"), "--handler", FormattableString.Invariant($"{Handler}"),
        "--pages", $"{Pages}",
    ];
}
