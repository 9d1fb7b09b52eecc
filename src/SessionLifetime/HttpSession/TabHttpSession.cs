using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.HttpSession;

/// <summary>
/// <c>HttpContext.Session</c> of one request: the values of its tab's session. Reads never wait; without a session it is empty. A write is visible to
/// other requests at once; the values are dropped when the session ends.
/// </summary>
internal sealed class TabHttpSession(HttpSessionFactory factory, HttpContext context) : ISession, ISessionFeature
{
    private ISession? _replaced;

    /// <summary>Whether a write would find a session, or start one.</summary>
    public bool IsAvailable => Living is not null || factory.WhyNotStart(context) is null;

    public string Id => Living?.Id ?? "";

    public IEnumerable<string> Keys => Values?.Keys ?? [];

    ISession ISessionFeature.Session
    {
        get => _replaced ?? this;
        set => _replaced = value;
    }

    private TabSession? Living => context.GetTabSession() is { } session && !session.Entry.IsEnded ? session : null;

    /// <summary>The values that were read for this request, where sessions are in a store.</summary>
    public RequestValues? Shared { get; set; }

    private SessionValues? Values => Living is not { } living ? null : Shared?.Http ?? living.Owned.Part<SessionValues>();

    /// <summary>Does nothing: the values are in memory.</summary>
    public Task LoadAsync(CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    /// <summary>Does nothing: writes take effect at once, also after the response has started.</summary>
    public Task CommitAsync(CancellationToken cancellationToken = default) => LoadAsync(cancellationToken);

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        value = null;
        return Values?.TryGet(key, out value) == true;
    }

    public void Set(string key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        var values = Values ?? (context.GetTabSession() is null ? factory.Start(context).Owned.Part<SessionValues>() : null);
        (values ?? throw new InvalidOperationException("The session has ended: it holds nothing any more, and takes nothing.")).Set(key, value, factory.Options);
    }

    public void Remove(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Values?.Remove(key);
    }

    public void Clear() => Values?.Clear();
}
