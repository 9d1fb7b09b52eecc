using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Entries;

namespace SessionLifetime.Realtime;

/// <summary>
/// The open hub connections, by the connection token that the client sends in each request. A long poll of a connection whose session has ended must
/// pass, to fetch the close message. The token alone gives no access: the request must name the session too.
/// </summary>
internal sealed class OpenHubConnections
{
    private readonly ConcurrentDictionary<string, SessionHubConnection> _byToken = new(StringComparer.Ordinal);

    public static string? TokenOf(HttpRequest? request) => request?.Query["id"] is [{ Length: > 0 } token] ? token : null;

    public void Add(string token, SessionHubConnection connection) => _byToken[token] = connection;

    public void Remove(string token) => _byToken.TryRemove(token, out _);

    /// <summary>The session of the connection a request names; null where it names none that is open and has a session.</summary>
    public SessionEntry? SessionOf(HttpRequest request) =>
        TokenOf(request) is { } token && _byToken.TryGetValue(token, out var connection) ? connection.Session.Entry : null;
}
