namespace SessionLifetime;

/// <summary>The dependency-injection scope of a session, as its estate knows it.</summary>
internal interface ISessionScope : IAsyncDisposable
{
    /// <summary>Takes over what the scope would dispose, oldest first.</summary>
    IReadOnlyList<object> TakeDisposables();
}
