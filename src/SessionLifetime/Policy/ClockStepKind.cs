namespace SessionLifetime.Policy;

/// <summary>The kinds of <see cref="ClockStep"/>.</summary>
internal enum ClockStepKind
{
    /// <summary>No rule is due.</summary>
    Nothing,

    /// <summary>Rule 4: <c>SessionTimeout</c> is to be raised.</summary>
    TimesOut,

    /// <summary>One of the rules 1 to 3 is due, but rule 5 came due before it and only the running handlers can tell whether it counts.</summary>
    Waits,

    /// <summary>The session is over.</summary>
    Ends,
}
