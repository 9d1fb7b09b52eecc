namespace SessionLifetime.Http.Answers;

/// <summary>One-time tokens for a page, and how long they work.</summary>
internal sealed record RelayAnswer(IReadOnlyList<string> Tokens, long ExpiresInMs)
{
    // Records print what they hold.
    public override string ToString() => "[one-time tokens]";
}
