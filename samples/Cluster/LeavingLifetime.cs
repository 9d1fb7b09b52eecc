using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SessionLifetime;

namespace Cluster;

/// <summary>
/// Stops a server a moment after it was told to: the front looks at <c>/ready</c> twice a second, and sends nothing more once it has heard, so that no request
/// meets a connection that is being closed. In Kubernetes a <c>preStop</c> hook that sleeps does the same.
/// </summary>
/// <param name="app">What is stopped.</param>
internal sealed class LeavingLifetime(IHostApplicationLifetime app) : IHostLifetime, IDisposable
{
    /// <summary>The front believes two looks in a row, each of which may take half a second.</summary>
    private static readonly TimeSpan s_noticed = TimeSpan.FromSeconds(3);

    private readonly List<PosixSignalRegistration> _signals = [];
    private volatile bool _isLeaving;

    /// <summary>Has the server stop so.</summary>
    /// <param name="services">The app's services.</param>
    public static void Add(IServiceCollection services) => services.AddSingleton<IHostLifetime, LeavingLifetime>();

    /// <summary>Maps what the front looks at.</summary>
    /// <param name="app">The app.</param>
    public static void Map(WebApplication app)
    {
        var lifetime = (LeavingLifetime)app.Services.GetRequiredService<IHostLifetime>();
        app.MapGet("/ready", () => lifetime._isLeaving ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable) : Results.NoContent()).DisableTabSession();
    }

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
        {
            _signals.Add(PosixSignalRegistration.Create(signal, Leave));
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _signals.ForEach(static signal => signal.Dispose());

    private void Leave(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (_isLeaving)
        {
            // Told twice: at once.
            app.StopApplication();
            return;
        }

        _isLeaving = true;
        _ = StopAsync();
    }

    private async Task StopAsync()
    {
        await Task.Delay(s_noticed);
        app.StopApplication();
    }
}
