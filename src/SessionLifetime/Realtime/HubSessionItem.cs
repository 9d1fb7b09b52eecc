using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;

namespace SessionLifetime.Realtime;

/// <summary>
/// The session of a hub's request among <see cref="HttpContext.Items"/>: for a long poll the framework gives the hub a copy of the context,
/// which has the items and not the features.
/// </summary>
internal static class HubSessionItem
{
    private static readonly object s_key = new();

    public static void Set(HttpContext context, TabSession session) => context.Items[s_key] = session;

    /// <summary>The session of the request that began a connection; null where it has none.</summary>
    public static TabSession? Find(ConnectionContext connection) => connection.GetHttpContext() is { } context
        ? context.GetTabSession() ?? context.Items[s_key] as TabSession
        : null;
}
