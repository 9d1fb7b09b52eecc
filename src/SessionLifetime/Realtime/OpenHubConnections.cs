using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Entries;

namespace SessionLifetime.Realtime;

/// <summary>
/// The hub connections that are open, by the token the client names them by in each of its requests. One whose session has ended has
/// something to say yet: a long poll must get through to fetch it. The token alone opens nothing: who has it must have the session too.
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
