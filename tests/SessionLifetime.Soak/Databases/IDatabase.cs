namespace SessionLifetime.Soak.Databases;

/// <summary>A database that a soak has started for itself, and may make stand still.</summary>
internal interface IDatabase : IAsyncDisposable
{
    /// <summary>Its word on the command line: <c>sqlite</c>, <c>postgres</c>, <c>redis</c>.</summary>
    string Name { get; }

    /// <summary>How nodes reach it.</summary>
    string Connection { get; }

    /// <summary>Its processes; none where it is a file.</summary>
    IReadOnlyList<int> Processes { get; }

    /// <summary>Makes it stand still: it takes what is sent, and answers nothing.</summary>
    /// <returns>A task that completes when it stands.</returns>
    Task PauseAsync();

    /// <summary>Lets it go on.</summary>
    /// <returns>A task that completes when it does.</returns>
    Task ResumeAsync();

    /// <summary>Stops it: nobody can connect.</summary>
    /// <returns>A task that completes when it has stopped; false where it cannot be stopped.</returns>
    Task<bool> StopAsync();

    /// <summary>Starts it again.</summary>
    /// <returns>A task that completes when it answers.</returns>
    Task StartAgainAsync();
}
