using Microsoft.Data.Sqlite;

namespace SessionLifetime.Soak.Databases;

/// <summary>A file in a temporary folder. It stands still while somebody else holds its exclusive lock.</summary>
internal sealed class SqliteFile : IDatabase
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sessionlifetime-sqlite-");
    private SqliteConnection? _holder;

    public string Name => "sqlite";

    public string Connection => $"Data Source={Path.Combine(_folder.FullName, "sessions.db")}";

    public IReadOnlyList<int> Processes => [];

    public async Task PauseAsync()
    {
        _holder = new SqliteConnection(Connection + ";Pooling=False");
        await _holder.OpenAsync();
        await using var command = _holder.CreateCommand();
        command.CommandText = "BEGIN EXCLUSIVE";
        await command.ExecuteNonQueryAsync();
    }

    public async Task ResumeAsync()
    {
        await _holder!.DisposeAsync();
        _holder = null;
    }

    public Task<bool> StopAsync() => Task.FromResult(false);

    public Task StartAgainAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _holder?.Dispose();
        _folder.Delete(recursive: true);
        return default;
    }
}
