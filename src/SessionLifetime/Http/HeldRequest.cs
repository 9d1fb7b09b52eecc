using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime;

/// <summary>
/// A request that holds its session's clocks until it completes, or until it turns out to be a connection rather than a request: it is
/// upgraded, or answers with an event stream. An open connection says nothing of the user.
/// </summary>
internal sealed class HeldRequest(SessionEngine engine, RequestHold hold, HttpContext context)
{
    public void Watch()
    {
        context.Response.OnStarting(static state => ((HeldRequest)state).OnStarting(), this);
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            context.Features.Set<IHttpUpgradeFeature>(new ReleasingUpgrade(this, upgrade));
        }

        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            context.Features.Set<IHttpExtendedConnectFeature>(new ReleasingConnect(this, connect));
        }
    }

    public void Release() => engine.Release(hold);

    private Task OnStarting()
    {
        if (context.Response.ContentType is { } type && type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            Release();
        }

        return Task.CompletedTask;
    }

    private sealed class ReleasingUpgrade(HeldRequest held, IHttpUpgradeFeature inner) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public Task<Stream> UpgradeAsync()
        {
            held.Release();
            return inner.UpgradeAsync();
        }
    }

    private sealed class ReleasingConnect(HeldRequest held, IHttpExtendedConnectFeature inner) : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => inner.IsExtendedConnect;

        public string? Protocol => inner.Protocol;

        public ValueTask<Stream> AcceptAsync()
        {
            held.Release();
            return inner.AcceptAsync();
        }
    }
}
