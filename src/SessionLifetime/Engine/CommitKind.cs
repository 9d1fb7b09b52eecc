namespace SessionLifetime.Engine;

/// <summary>What a commit is for.</summary>
internal enum CommitKind
{
    /// <summary>A change of a session that lives. An end that hangs on running handlers is applied, not waited for.</summary>
    Change,

    /// <summary>As <see cref="Change"/>, of stamps only: a signal.</summary>
    Touch,

    /// <summary>A decision that does not depend on what the running handlers answer, or is that answer.</summary>
    Conclusive,
}
