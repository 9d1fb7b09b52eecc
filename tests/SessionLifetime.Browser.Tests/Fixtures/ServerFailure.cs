namespace SessionLifetime.Browser.Tests;

/// <summary>What a server in trouble, or a proxy before it, answers to everything the module and the app ask.</summary>
/// <param name="Status">The status; 0 cuts the connection.</param>
/// <param name="ContentType">The type of the body.</param>
/// <param name="Body">The body.</param>
public sealed record ServerFailure(int Status, string ContentType = "text/html", string Body = "<h1>Sorry</h1>");
