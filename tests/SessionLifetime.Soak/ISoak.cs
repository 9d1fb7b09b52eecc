namespace SessionLifetime.Soak;

/// <summary>Something that runs for minutes or hours and says what it saw.</summary>
internal interface ISoak
{
    /// <summary>The word of the command line that starts it.</summary>
    string Name { get; }

    /// <summary>What follows the word, for the help.</summary>
    string Arguments { get; }

    /// <summary>What it does, in a line, for the help.</summary>
    string Description { get; }

    /// <summary>Runs it and writes a report to the console.</summary>
    /// <param name="arguments">What follows the word.</param>
    /// <param name="cancellationToken">Canceled by Ctrl+C: it stops early and reports what it has.</param>
    /// <returns>Whether everything was as promised.</returns>
    Task<bool> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken);
}
