namespace SessionLifetime.Sessions;

/// <summary>The session of the current request, as the middleware leaves it on the request's feature collection.</summary>
internal interface ITabSessionFeature
{
    TabSession? Session { get; }
}
