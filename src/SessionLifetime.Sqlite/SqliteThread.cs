using System.Collections.Concurrent;

namespace SessionLifetime.Sqlite;

/// <summary>
/// A thread with a connection of its own that works off a queue: SQLite's calls block, and must not hold threads of the pool. A writer takes what waits
/// together into one transaction, in which each piece of work stands and falls alone.
/// </summary>
/// <remarks>
/// What fails, fails its caller only, unless it took the transaction with it (a full disk), or the transaction cannot be begun or committed: then all of the
/// group fail. Nobody is told of a success before the commit.
/// </remarks>
internal sealed class SqliteThread : IAsyncDisposable
{
    private const int MostTogether = 128;

    private readonly BlockingCollection<IWork> _queue;
    private readonly Func<SqliteDatabase> _open;
    private readonly bool _isWriter;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="name">The thread's name, for a debugger.</param>
    /// <param name="open">Opens the connection, on the thread.</param>
    /// <param name="isWriter">Whether it writes.</param>
    /// <param name="queue">A queue that several threads work off; null for one of its own.</param>
    public SqliteThread(string name, Func<SqliteDatabase> open, bool isWriter, BlockingCollection<IWork>? queue = null)
    {
        (_open, _isWriter, _queue) = (open, isWriter, queue ?? new(new ConcurrentQueue<IWork>()));
        new Thread(Run) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>A piece of work.</summary>
    internal interface IWork
    {
        void Do(SqliteDatabase database);

        void Fail(Exception exception);

        void Complete();
    }


    /// <summary>Does something on the thread.</summary>
    public ValueTask<T> RunAsync<T>(Func<SqliteDatabase, T> step, CancellationToken cancellationToken) => RunAsync(_queue, step, cancellationToken);

    /// <summary>Does something on a thread that works off a queue.</summary>
    public static ValueTask<T> RunAsync<T>(BlockingCollection<IWork> queue, Func<SqliteDatabase, T> step, CancellationToken cancellationToken)
    {
        var work = new Work<T>(step, cancellationToken);
        try
        {
            queue.Add(work, CancellationToken.None);
        }
        catch (InvalidOperationException exception)
        {
            throw new ObjectDisposedException("The store was disposed.", exception);
        }

        return new(work.Task);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.CompleteAdding();
        await _ended.Task;
    }

    private void Run()
    {
        SqliteDatabase? database = null;
        foreach (var first in _queue.GetConsumingEnumerable())
        {
            try
            {
                database ??= _open();
            }
            catch (Exception exception)
            {
                first.Fail(exception);
                continue;
            }

            if (_isWriter)
            {
                Write(database, first);
            }
            else
            {
                Read(database, first);
            }
        }

        database?.Dispose();
        _ended.SetResult();
    }

    private static void Read(SqliteDatabase database, IWork work)
    {
        try
        {
            work.Do(database);
            work.Complete();
        }
        catch (Exception exception)
        {
            work.Fail(exception);
        }
    }

    private void Write(SqliteDatabase database, IWork first)
    {
        var group = new List<IWork> { first };
        while (group.Count < MostTogether && _queue.TryTake(out var next))
        {
            group.Add(next);
        }

        var done = new List<IWork>(group.Count);
        try
        {
            database.Execute("BEGIN IMMEDIATE");
            foreach (var work in group)
            {
                database.Execute("SAVEPOINT piece");
                try
                {
                    work.Do(database);
                    done.Add(work);
                }
                catch (Exception exception) when (database.IsInTransaction)
                {
                    database.Execute("ROLLBACK TO piece");
                    work.Fail(exception);
                }

                database.Execute("RELEASE piece");
            }

            database.Execute("COMMIT");
        }
        catch (Exception exception)
        {
            if (database.IsInTransaction)
            {
                database.Execute("ROLLBACK");
            }

            group.ForEach(work => work.Fail(exception));
            return;
        }

        done.ForEach(static work => work.Complete());
    }

    private sealed class Work<T>(Func<SqliteDatabase, T> step, CancellationToken cancellationToken) : IWork
    {
        private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;

        public Task<T> Task => _answer.Task;

        public void Do(SqliteDatabase database)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _result = step(database);
        }

        public void Fail(Exception exception) => _answer.TrySetException(exception);

        public void Complete() => _answer.TrySetResult(_result!);
    }
}
