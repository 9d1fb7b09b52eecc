namespace SessionLifetime.Soak.Speed;

/// <summary>What the browser of a session sends.</summary>
/// <param name="Id">The public id; empty where the session is the framework's.</param>
/// <param name="Secret">The session's secret; empty where the session is the framework's.</param>
/// <param name="Page">The page.</param>
/// <param name="Cookie">The cookies.</param>
internal sealed record Visitor(string Id, string Secret, string Page, string Cookie);
