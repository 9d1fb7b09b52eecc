using SessionLifetime.Scheduling;

namespace SessionLifetime.Events;

/// <summary>What a handler call is made with.</summary>
/// <param name="Services">The app's services.</param>
/// <param name="Events">The C# events.</param>
/// <param name="Scheduler">Runs what a handler leaves to run later.</param>
internal sealed record HandlerSurroundings(IServiceProvider Services, SessionLifetimeEvents Events, IWorkScheduler Scheduler);
