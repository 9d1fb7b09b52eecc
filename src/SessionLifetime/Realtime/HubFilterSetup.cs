using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace SessionLifetime.Realtime;

/// <summary>Adds the session filter to all hubs, once.</summary>
internal sealed class HubFilterSetup(SessionHubFilter filter) : IConfigureOptions<HubOptions>
{
    public void Configure(HubOptions options) => options.AddFilter(filter);
}
