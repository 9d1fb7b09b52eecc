using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SessionLifetime.Sessions;

namespace SessionLifetime.HttpSession;

/// <summary>How one type of state is made, read and written.</summary>
internal sealed class SessionStateType<T>(JsonTypeInfo<T> json, Func<T, T, T>? merge)
    where T : class, new()
{
    private readonly string _key = "s:" + (typeof(T).FullName ?? typeof(T).Name);

    /// <summary>The state of the session that a scope works for.</summary>
    /// <exception cref="InvalidOperationException">The session has ended.</exception>
    public T Of(TabSessionAccessor accessor, TabSession session)
    {
        if (accessor.Values is { } values)
        {
            return (T)values.State(_key, Make, value => JsonSerializer.SerializeToUtf8Bytes((T)value, json), merge is null ? null : Merge);
        }

        // In memory it is the live object. In the handlers of an exit that was read from a store, a copy.
        var kept = session.Owned.Part<Holder>() ?? throw new InvalidOperationException(
            $"'{typeof(T)}' is state of a session, and the session has ended: it holds nothing any more.");
        return kept.Value ??= session.OwnedIfAny?.Part<ExitValues>()?.Find(_key) is { } data ? (T)Make(data) : new();
    }

    private object Make(byte[]? data) => data is null ? new T() : JsonSerializer.Deserialize(data, json) ?? new T();

    private object Merge(byte[] theirs, object ours) => merge!((T)Make(theirs), (T)ours);

    internal sealed class Holder
    {
        public T? Value { get; set; }
    }
}
