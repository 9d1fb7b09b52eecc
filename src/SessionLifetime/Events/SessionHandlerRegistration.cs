namespace SessionLifetime.Events;

/// <summary>One handler registered at start: which events it handles, and how it is called. A handler class and a delegate are the same here.</summary>
/// <param name="Kinds">The events it wants.</param>
/// <param name="Name">What logs call it.</param>
/// <param name="TakesToken">Whether it can be told that it is abandoned.</param>
/// <param name="Invoke">Calls it; may throw before it returns.</param>
internal sealed record SessionHandlerRegistration(
    SessionEventKind Kinds,
    string Name,
    bool TakesToken,
    Func<HandlerSurroundings, SessionEventContext, CancellationToken, ValueTask> Invoke);
