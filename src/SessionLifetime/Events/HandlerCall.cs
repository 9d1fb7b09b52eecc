using System.Runtime.InteropServices;

namespace SessionLifetime.Events;

/// <summary>One handler to call: a registration, or a subscriber of a C# event.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct HandlerCall(SessionHandlerRegistration? Registration, Delegate? Subscriber)
{
    /// <summary>What logs call it.</summary>
    public string Name => Registration?.Name ?? Subscriber!.Method.DeclaringType?.Name + "." + Subscriber.Method.Name;

    /// <summary>Starts the call. May throw at once.</summary>
    public ValueTask Start(SessionEventDispatcher dispatcher, HandlerInvocation call) =>
        Registration is { } registration
            ? registration.Invoke(dispatcher.Services, call.Event.Context, registration.TakesToken ? call.Token : CancellationToken.None)
            : AsyncVoidContext.Run(
                static call => call.Events.Invoke(call.Subscriber, call.Context),
                (dispatcher.Events, Subscriber: Subscriber!, call.Event.Context));
}
