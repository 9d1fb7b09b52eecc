using SessionLifetime.Events;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;

namespace SessionLifetime.Engine;

/// <summary>What the disposals of all sessions share.</summary>
/// <param name="Scheduler">Where they run.</param>
/// <param name="Watch">Abandons what takes longer than <c>DisposalTimeout</c>.</param>
/// <param name="Report">Logs that an object was not disposed as it should be: what it threw, its type, its session.</param>
/// <param name="OnDone">Called when all that a session owned is disposed.</param>
internal sealed record DisposalSurroundings(
    IWorkScheduler Scheduler,
    HandlerWatch Watch,
    Action<Exception, string, TabSession> Report,
    Action<TabSession> OnDone);
