namespace SessionLifetime.Soak.Chaos;

/// <summary>A call of the client, and what it was answered.</summary>
/// <param name="Kind">What was called.</param>
/// <param name="Sent">When it was sent.</param>
/// <param name="Answered">When it was answered, or given up.</param>
/// <param name="Status">The status; 0 where there was no answer.</param>
/// <param name="Node">The run of the node that answered; empty where none did.</param>
internal readonly record struct Call(CallKind Kind, double Sent, double Answered, int Status, string Node)
{
    public bool IsServed => Status is >= 200 and < 300;
}
