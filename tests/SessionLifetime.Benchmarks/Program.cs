using BenchmarkDotNet.Running;
using SessionLifetime.Benchmarks;
using SessionLifetime.Benchmarks.Servers;

// report [figures]: the table of all figures, or of some. serve: one of the servers that the report loads. Else: BenchmarkDotNet.
if (args is ["serve", var kind])
{
    await BenchmarkServer.RunAsync(Enum.Parse<ServerKind>(kind));
}
else if (args is ["report", .. var names])
{
    await Report.WriteAsync(names);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Report).Assembly).Run(args);
}
