using System.Collections.Concurrent;

namespace SessionLifetime.Tests.Scoping;

/// <summary>Where the objects of a test write down what becomes of them.</summary>
internal sealed class Ledger
{
    private int _made;

    /// <summary>Who was disposed, in order.</summary>
    public ConcurrentQueue<string> Disposed { get; } = new();

    public int Made => Volatile.Read(ref _made);

    public int Next() => Interlocked.Increment(ref _made);
}

/// <summary>Something a session owns: it has a number, and says when it is disposed.</summary>
internal sealed class Cart(Ledger ledger) : IDisposable
{
    public int Number { get; } = ledger.Next();

    public ConcurrentQueue<string> Lines { get; } = new();

    public bool IsDisposed { get; private set; }

    public void Dispose()
    {
        IsDisposed = true;
        ledger.Disposed.Enqueue("Cart");
    }
}

public interface IDocument
{
    string Text { get; set; }
}

/// <summary>One that needs another of the session's, and something scoped.</summary>
internal sealed class Document(Cart cart, Ledger ledger, Unit unit) : IDocument, IAsyncDisposable, IDisposable
{
    public Cart Cart => cart;

    public Unit Unit => unit;

    public string Text { get; set; } = "";

    public void Dispose() => ledger.Disposed.Enqueue("Document, the wrong way");

    public ValueTask DisposeAsync()
    {
        ledger.Disposed.Enqueue("Document");
        return default;
    }
}

/// <summary>An ordinary scoped service.</summary>
internal sealed class Unit(Ledger ledger) : IDisposable
{
    public void Dispose() => ledger.Disposed.Enqueue("Unit");
}

/// <summary>A scoped service of the request that works with what the session owns.</summary>
internal sealed class Checkout(Cart cart, IDocument document, ITabSessionAccessor accessor)
{
    public Cart Cart => cart;

    public IDocument Document => document;

    public TabSession? Session => accessor.Session;
}

internal sealed class Box<T>
{
    public T? Content { get; set; }
}
