namespace SessionLifetime;

/// <summary>A part of the library that an app has added, as those see it who name what is missing.</summary>
/// <param name="Name">What it is for.</param>
internal sealed record SessionPart(string Name)
{
    public static readonly SessionPart Hubs = new(nameof(Hubs));

    public static readonly SessionPart Circuits = new(nameof(Circuits));

    public static readonly SessionPart ScopedServices = new(nameof(ScopedServices));
}
