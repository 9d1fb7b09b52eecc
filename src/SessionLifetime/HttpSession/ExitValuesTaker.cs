using SessionLifetime.Cluster;

namespace SessionLifetime.HttpSession;

/// <summary>Lets exit handlers read what the session held.</summary>
internal sealed class ExitValuesTaker : IExitValues
{
    public void Take(TabSession session, IReadOnlyList<StoredValue> values)
    {
        session.Owned.Part<ExitValues>()?.Set(values);
        session.Owned.Part<SessionValues>()?.Load(values);
    }
}
