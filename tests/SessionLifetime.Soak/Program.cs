using SessionLifetime.Soak;
using SessionLifetime.Soak.Chaos;
using SessionLifetime.Soak.Deploy;
using SessionLifetime.Soak.Nodes;
using SessionLifetime.Soak.Simulation;
using SessionLifetime.Soak.Speed;
using SessionLifetime.Soak.Use;

// One class each, in its own folder.
ISoak[] soaks =
[
    new SimulateSoak(),
    new ChaosSoak(),
    new DeploySoak(),
    new SpeedSoak(),
    new NodeSoak(),
    new UseSoak(),
];

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};

if (args.Length > 0 && Array.Find(soaks, s => s.Name == args[0]) is { } soak)
{
    return await soak.RunAsync(args[1..], stop.Token) ? 0 : 1;
}

foreach (var each in soaks)
{
    Console.WriteLine($"{each.Name} {each.Arguments}\n    {each.Description}");
}

return 2;
