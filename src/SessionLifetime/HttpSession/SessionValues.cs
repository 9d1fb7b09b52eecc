using System.Diagnostics.CodeAnalysis;

namespace SessionLifetime.HttpSession;

/// <summary>
/// The values of the framework's session. Each write changes one key, so concurrent requests that write different keys do not overwrite each other.
/// </summary>
internal sealed class SessionValues
{
    /// <summary>In front of the keys in a store; other state has other prefixes.</summary>
    private const string KeyPrefix = "h:";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, byte[]> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private long _size;

    /// <summary>What a store has of <c>HttpContext.Session</c>.</summary>
    public static SessionValues Of(IReadOnlyList<StoredValue> read)
    {
        var values = new SessionValues();
        values.Load(read);
        return values;
    }

    /// <summary>Takes over what a store has.</summary>
    public void Load(IReadOnlyList<StoredValue> read)
    {
        lock (_lock)
        {
            foreach (var value in read)
            {
                if (value.Data is { } data && value.Key.StartsWith(KeyPrefix, StringComparison.Ordinal))
                {
                    var key = value.Key[KeyPrefix.Length..];
                    _values[key] = data;
                    _size += SizeOf(key, data);
                }
            }
        }
    }

    /// <summary>What was written or removed since the last time, for a store.</summary>
    public List<ValueChange> TakeChanges()
    {
        lock (_lock)
        {
            List<ValueChange> changes = [.. _changed.Select(key => new ValueChange(KeyPrefix + key, _values.GetValueOrDefault(key)))];
            _changed.Clear();
            return changes;
        }
    }

    public string[] Keys
    {
        get
        {
            lock (_lock)
            {
                return [.. _values.Keys];
            }
        }
    }

    public Dictionary<string, byte[]> Copy()
    {
        lock (_lock)
        {
            return _values.ToDictionary(static pair => pair.Key, static pair => pair.Value.ToArray(), StringComparer.Ordinal);
        }
    }

    /// <summary>The value of a key, as a copy that the caller may change.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out byte[]? value)
    {
        lock (_lock)
        {
            value = _values.TryGetValue(key, out var found) ? [.. found] : null;
        }

        return value is not null;
    }

    /// <exception cref="ArgumentException">The key is too long.</exception>
    /// <exception cref="InvalidOperationException">The value, or all of them together, would be too large; nothing has changed.</exception>
    public void Set(string key, byte[] value, HttpSessionOptions limits)
    {
        if (key.Length > limits.MaxKeyLength)
        {
            throw new ArgumentException($"The key has {key.Length} characters; HttpSessionOptions.MaxKeyLength allows {limits.MaxKeyLength}.", nameof(key));
        }

        if (value.Length > limits.MaxValueSize)
        {
            throw new InvalidOperationException($"The value of '{key}' has {value.Length} bytes; HttpSessionOptions.MaxValueSize allows {limits.MaxValueSize}.");
        }

        lock (_lock)
        {
            var size = _size + SizeOf(key, value) - (_values.TryGetValue(key, out var old) ? SizeOf(key, old) : 0);
            if (size > limits.MaxTotalSize)
            {
                throw new InvalidOperationException($"With the value of '{key}' the session would hold {size} bytes; HttpSessionOptions.MaxTotalSize allows {limits.MaxTotalSize}.");
            }

            _values[key] = [.. value];
            _size = size;
            _changed.Add(key);
        }
    }

    public void Remove(string key)
    {
        lock (_lock)
        {
            if (_values.Remove(key, out var old))
            {
                _size -= SizeOf(key, old);
                _changed.Add(key);
            }
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _changed.UnionWith(_values.Keys);
            _values.Clear();
            _size = 0;
        }
    }

    private static long SizeOf(string key, byte[] value) => (key.Length * (long)sizeof(char)) + value.Length;
}
