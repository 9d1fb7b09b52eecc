namespace SessionLifetime.Sessions;

/// <summary>The dependency-injection scope of a session.</summary>
internal interface ISessionScope : IAsyncDisposable
{
    /// <summary>Takes over what the scope would dispose, oldest first. To be read when the scope is disposed: until then more may come.</summary>
    IReadOnlyList<object> TakeDisposables();
}
