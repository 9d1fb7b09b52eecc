namespace SessionLifetime;

/// <summary>
/// The session of the current dependency-injection scope: of the request, or of the handler call. Scoped; inject it where
/// there may be no session.
/// </summary>
public interface ITabSessionAccessor
{
    /// <summary>The living session.</summary>
    /// <value>Null where there is none.</value>
    TabSession? Session { get; }
}
