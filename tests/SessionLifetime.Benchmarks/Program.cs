using BenchmarkDotNet.Running;
using SessionLifetime.Benchmarks;
using SessionLifetime.Benchmarks.Servers;

// report [figures]: the table of all figures, or of some. compare DLL TURNS figures: those of another build beside them. serve: one of the servers that the report loads. Else: BenchmarkDotNet.
if (args is ["serve", var kind])
{
    await BenchmarkServer.RunAsync(Enum.Parse<ServerKind>(kind));
}
else if (args is ["compare", var other, var turns, .. var figures])
{
    await Comparison.WriteAsync(other, int.Parse(turns, System.Globalization.CultureInfo.InvariantCulture), figures);
}
else if (args is ["report", .. var names])
{
    await Report.WriteAsync(names);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Report).Assembly).Run(args);
}
