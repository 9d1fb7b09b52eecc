namespace SessionLifetime.Benchmarks;

/// <summary>One line of the report.</summary>
/// <param name="Figure">What was measured.</param>
/// <param name="Ours">What it is with the library.</param>
/// <param name="Peer">What it is with what an app would use instead.</param>
/// <param name="Goal">What it should be.</param>
/// <param name="IsMet">Whether it is.</param>
internal sealed record FigureRow(string Figure, string Ours, string Peer, string Goal, bool IsMet);
