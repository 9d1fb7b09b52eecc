using SessionLifetime.Benchmarks;
using SessionLifetime.Benchmarks.Figures;

var figures = new Dictionary<string, Func<Task<IReadOnlyList<FigureRow>>>>
{
    ["middleware"] = MiddlewareFigures.MeasureAsync,
    ["touch"] = TouchFigures.MeasureAsync,
    ["sweep"] = SweepFigures.MeasureAsync,
    ["memory"] = MemoryFigures.MeasureAsync,
    ["websocket"] = WebSocketFigures.MeasureAsync,
};
foreach (var (name, measure) in figures)
{
    if (args.Length == 0 || args.Contains(name))
    {
        foreach (var row in await measure())
        {
            Console.WriteLine($"| {row.Figure} | {row.Ours} | {row.Peer} | {row.Goal} | {(row.IsMet ? "met" : "NOT MET")} |");
        }
    }
}
