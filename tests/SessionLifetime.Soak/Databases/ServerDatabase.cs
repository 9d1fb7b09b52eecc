using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Soak.Databases;

/// <summary>A server in a temporary folder.</summary>
internal sealed class ServerDatabase(string name, ServerProcess server, string connection) : IDatabase
{
    public string Name => name;

    public string Connection => connection;

    public IReadOnlyList<int> Processes => server.Processes;

    public Task PauseAsync() => server.PauseAsync();

    public Task ResumeAsync() => server.ResumeAsync();

    public async Task<bool> StopAsync()
    {
        await server.StopAsync();
        return true;
    }

    public Task StartAgainAsync() => server.StartAgainAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
