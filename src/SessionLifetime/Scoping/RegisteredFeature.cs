namespace SessionLifetime.Scoping;

/// <summary>A part of the library that the app has added, registered so that messages can name the parts that are missing.</summary>
/// <param name="Name">What it is for.</param>
internal sealed record RegisteredFeature(string Name)
{
    public static readonly RegisteredFeature Hubs = new(nameof(Hubs));

    public static readonly RegisteredFeature Circuits = new(nameof(Circuits));

    public static readonly RegisteredFeature ScopedServices = new(nameof(ScopedServices));
}
