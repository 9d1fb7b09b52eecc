using SessionLifetime.Sqlite;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>The contract, kept by a SQLite file; and what is special to it.</summary>
public sealed class SqliteBackingStoreTests : BackingStoreContract
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sessionlifetime-");

    private string File => Path.Combine(_directory.FullName, "sessions.db");

    [Fact]
    public async Task Two_processes_share_the_file()
    {
        await using var other = await OpenAsync();
        await other.StartAsync(StartOf(N2), Stop);
        var record = await AddAsync();

        AssertSame(record, await other.LoadAsync(SessionRecordKey.OfId(record.Id), Stop));
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(one => Task.Run(
            async () => (await (one % 2 == 0 ? Store : other).CommitAsync([new(Next(record), 1) { Committer = N1 }], Stop))[0].Status, Stop)));
        Assert.Single(answers, static answer => answer == CommitStatus.Written);
    }

    [Fact]
    public async Task A_call_that_fails_fails_alone()
    {
        var token = new StoredToken(Hash(1, 'T'), "s00000000xA", Begin, ReadOnlyMemory<byte>.Empty);
        await Store.PutTokenAsync(token, Stop);

        var puts = Enumerable.Range(0, 10).Select(one => Store.PutTokenAsync(token with { Hash = Hash(one % 3, 'T') }, Stop).AsTask()).ToList();

        Assert.Equal(8, (await Task.WhenAll(puts.Select(static put => put.ContinueWith(static done => done.IsFaulted)))).Count(static failed => failed));
    }

    [Fact]
    public async Task A_file_that_is_not_a_database_is_named()
    {
        var file = Path.Combine(_directory.FullName, "text.db");
        await System.IO.File.WriteAllTextAsync(file, new string('x', 5000), Stop);

        await AssertRefusedAsync(file, "is not a SQLite database");
    }

    [Fact]
    public Task A_directory_that_is_missing_is_named() =>
        AssertRefusedAsync(Path.Combine(_directory.FullName, "missing", "sessions.db"), "its directory is missing: make ");

    [Fact]
    public Task A_file_that_cannot_be_written_is_named() => AssertRefusedAsync(File, "cannot be written", ";Mode=ReadOnly");

    [Fact]
    public async Task Tables_of_a_newer_major_version_are_refused()
    {
        await Store.DisposeAsync();
        using (var database = new SqlitePlace($"Data Source={File}").Open())
        {
            database.Execute("UPDATE session_lifetime_clock SET major = 2");
        }

        await AssertRefusedAsync(File, "update SessionLifetime.Sqlite");
    }

    [Fact]
    public async Task Tables_of_something_else_are_refused()
    {
        var file = Path.Combine(_directory.FullName, "other.db");
        using (var database = new SqlitePlace($"Data Source={file}").Open())
        {
            database.Execute("CREATE TABLE session_lifetime_clock (hour INTEGER)");
        }

        await AssertRefusedAsync(file, "holds other tables");
    }

    [Fact]
    public async Task A_full_disk_fails_what_finds_no_room_and_loses_nothing()
    {
        var file = Path.Combine(_directory.FullName, "full.db");
        var written = new List<SessionRecord>();
        await using (var full = new SqliteBackingStore(new($"Data Source={file}") { MostPages = 60 }, Time))
        {
            await full.StartAsync(StartOf(N2), Stop);
            var refused = await Assert.ThrowsAsync<Microsoft.Data.Sqlite.SqliteException>(async () =>
            {
                while (written.Count < 10_000)
                {
                    var record = NewRecord();
                    await full.CommitAsync([new(record, 0) { Committer = N2, Events = [Event(record, 64)] }], Stop);
                    written.Add(record);
                }
            });

            Assert.Contains("disk is full", refused.Message, StringComparison.Ordinal);
            Assert.NotNull(await full.LoadAsync(SessionRecordKey.OfId(written[^1].Id), Stop));
        }

        // There is room again.
        await using var store = Open(file);
        await store.StartAsync(StartOf(N3), Stop);
        Assert.Equal(written.Count, await store.CountAsync(default, Stop));
        var next = NewRecord();
        Assert.Equal(CommitStatus.Written, (await store.CommitAsync([new(next, 0) { Committer = N3 }], Stop))[0].Status);
    }

    [Theory]
    [InlineData("Data Source=:memory:")]
    [InlineData("Data Source=x;Mode=Memory")]
    [InlineData("")]
    public void A_connection_string_without_a_file_is_refused(string connectionString) =>
        Assert.Contains("Name a file", Assert.Throws<ArgumentException>(() => new SqlitePlace(connectionString)).Message, StringComparison.Ordinal);

    internal override ValueTask<ISessionBackingStore> OpenAsync() => new(Open(File));

    internal override ValueTask RemoveAsync()
    {
        _directory.Delete(recursive: true);
        return default;
    }

    private SqliteBackingStore Open(string file, string more = "") => new(new($"Data Source={file}{more}"), Time);

    private async Task AssertRefusedAsync(string file, string message, string more = "")
    {
        await using var store = Open(file, more);
        var refused = await Assert.ThrowsAsync<SessionStoreException>(async () => await store.StartAsync(StartOf(N2), Stop));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }
}
