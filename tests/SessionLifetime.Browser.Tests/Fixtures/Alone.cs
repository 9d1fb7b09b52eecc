namespace SessionLifetime.Browser.Tests.Fixtures;

/// <summary>Tests beside which no others are run, but the same in the other engines: they are about fractions of a second, which a busy machine does not have.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
