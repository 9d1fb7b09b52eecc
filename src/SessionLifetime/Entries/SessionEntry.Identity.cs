using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Entries;

/// <content>Its secrets, its owner, and its public object.</content>
internal sealed partial class SessionEntry
{
    /// <summary>The secret it started with; the one it has, until it is given another.</summary>
    public SessionId Secret => new(_secretHigh, _secretLow);

    /// <summary>The secret it started with, where it was never given another, and where it is known; otherwise none.</summary>
    public SessionId OnlySecret => Rotated is null ? Secret : default;

    /// <summary>All its secrets, once it was given another.</summary>
    public RotatedIds? Rotated => Volatile.Read(ref Optional.Rotated);

    /// <summary>Whose it is, as far as anybody has told.</summary>
    public SessionOwner Owner => IsBound ? new(_browser, new BrowserId(Volatile.Read(ref Browsers.Of)), User) : new(BrowserKey.None, User);

    /// <summary>Whether it belongs to a browser. Once it does, that stays.</summary>
    public bool IsBound => Volatile.Read(ref _isBound);

    /// <summary>The key of that browser.</summary>
    public BrowserKey Browser => IsBound ? _browser : BrowserKey.None;

    /// <summary>The user it belongs to, or null.</summary>
    public string? User => Volatile.Read(ref _user);

    /// <summary>The session's public object; null until somebody asks for it.</summary>
    public IEntryObserver? Observer => Volatile.Read(ref _observer);

    /// <summary>Sets the session's public object once.</summary>
    /// <returns>The one that is set: the caller's, or that of whoever was first.</returns>
    public IEntryObserver SetObserver(IEntryObserver made) => Interlocked.CompareExchange(ref _observer, made, null) ?? made;

    /// <summary>Replaces its secrets, if they are still as they were seen.</summary>
    public bool TryRotate(RotatedIds? seen, RotatedIds next)
    {
        _gate.Enter();
        var isAsSeen = Optional.Rotated == seen;
        if (isAsSeen)
        {
            Volatile.Write(ref GetOptional().Rotated, next);
        }

        _gate.Leave();
        return isAsSeen;
    }

    /// <summary>The secret a browser shall have instead of the one it sent; null when that is the newest.</summary>
    /// <remarks>Where the session is in a backing store, a new one is told when it stands there: another node shall know it.</remarks>
    public SessionId? NewerThan(SessionId sent)
    {
        if (Rotated is not { } ids)
        {
            return null;
        }

        var newest = ids.Pending is { } pending && Shared is { } shared && !shared.Knows(pending) ? ids.Current : ids.Newest;
        return newest != sent ? newest : null;
    }

    /// <summary>A request has shown the secret of a session that was read by another key. False when it is known already.</summary>
    public bool TryLearnSecret(SessionId secret)
    {
        _gate.Enter();
        var isNew = (_secretHigh | _secretLow) == 0;
        if (isNew)
        {
            (_secretHigh, _secretLow) = (secret.High, secret.Low);
        }

        _gate.Leave();
        return isNew;
    }

    /// <summary>A request has shown the key of the session's browser, of which only the hash was known.</summary>
    public void LearnBrowser(BrowserKey key)
    {
        _gate.Enter();
        if (_browser.IsNone)
        {
            _browser = key;
        }

        _gate.Leave();
    }

    /// <summary>Its place with a browser that it was not given to is free. What a session that belongs to one says of it stays, also after its end.</summary>
    public void FreeBrowserPlace()
    {
        _gate.Enter();
        if (!_isBound)
        {
            Volatile.Write(ref Browsers.Of, 0);
        }

        _gate.Leave();
    }

    /// <summary>The user is written first: a reader that sees the browser sees the user that came with it.</summary>
    private void Write(in SessionOwner owner)
    {
        Volatile.Write(ref _user, owner.User);
        if (!_isBound && owner.BrowserId is { } id)
        {
            _browser = owner.Browser;
            Volatile.Write(ref Browsers.Of, id.Value);
            Volatile.Write(ref _isBound, true);
        }
    }
}
