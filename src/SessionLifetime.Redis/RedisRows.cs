using System.Globalization;
using StackExchange.Redis;

namespace SessionLifetime.Redis;

/// <summary>Values to and from Redis: what is null is empty; a user has a sign before the name, so that an empty name is not null.</summary>
internal static class RedisRows
{
    public static RedisValue[] Fields { get; } = Array.ConvertAll(RedisScripts.Fields, static field => (RedisValue)field);

    public static RedisValue Ticks(TimeSpan? span) => span is { } value ? value.Ticks : RedisValue.EmptyString;

    public static RedisValue User(string? user) => user is null ? RedisValue.EmptyString : "+" + user;

    public static RedisValue[] Values(RedisResult result) => Array.ConvertAll((RedisResult[])result!, static one => (RedisValue)one);

    /// <summary>A record; null where there is none.</summary>
    public static SessionRecord? Record(string id, RedisValue[] values)
    {
        TimeSpan Span(int index) => new((long)values[index]);
        TimeSpan? SpanOrNull(int index) => values[index].IsNullOrEmpty ? null : Span(index);
        string? Text(int index) => values[index].IsNullOrEmpty ? null : (string?)values[index];
        return values[0].IsNull ? null : new()
        {
            Id = id,
            Version = (long)values[0],
            SecretHashes = ((string)values[1]!).Split(','),
            Stamps = new(Span(2), Span(3), Span(4), Span(5)),
            DueAt = SpanOrNull(6),
            AbsoluteAt = SpanOrNull(7),
            BrowserId = Text(8),
            User = Text(9)?[1..],
            Home = Text(10),
            EndReason = values[11].IsNullOrEmpty ? null : (SessionEndReason)(int)values[11],
            EndedAt = SpanOrNull(12),
            Writer = (string)values[13]!,
            State = (byte[])values[14]!,
        };
    }

    /// <summary>A value is kept as its version, a colon, and its data.</summary>
    public static StoredValue Value(string key, byte[] kept)
    {
        var colon = Array.IndexOf(kept, (byte)':');
        return colon < 0
            ? new(key, 0, null)
            : new(key, long.Parse(kept.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture), kept[(colon + 1)..]);
    }
}
