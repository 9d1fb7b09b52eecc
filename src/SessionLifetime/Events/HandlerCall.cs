using System.Runtime.InteropServices;

namespace SessionLifetime.Events;

/// <summary>One handler to call: a registration, or a subscriber of a C# event.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct HandlerCall(SessionHandlerRegistration? Registration, Delegate? Subscriber)
{
    /// <summary>What logs call it.</summary>
    public string Name => Registration?.Name ?? Subscriber!.Method.DeclaringType?.Name + "." + Subscriber.Method.Name;

    /// <summary>Whether it can be told that it is abandoned.</summary>
    public bool TakesToken => Registration is { TakesToken: true };

    /// <summary>Starts the call. May throw at once.</summary>
    public ValueTask Start(HandlerSurroundings surroundings, SessionEventContext context, CancellationToken abandoned) =>
        Registration is { } registration
            ? registration.Invoke(surroundings, context, abandoned)
            : AsyncVoidContext.Run(
                static call => call.Events.Invoke(call.Subscriber, call.Context),
                (surroundings.Events, Subscriber: Subscriber!, Context: context),
                surroundings.Scheduler);
}
