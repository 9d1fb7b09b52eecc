namespace SessionLifetime.HttpSession;

/// <summary>The values of a session that has ended, read from the store for its exit handlers.</summary>
internal sealed class ExitValues
{
    private IReadOnlyList<StoredValue> _values = [];

    public void Set(IReadOnlyList<StoredValue> values) => _values = values;

    public byte[]? Find(string key) => _values.FirstOrDefault(value => string.Equals(value.Key, key, StringComparison.Ordinal))?.Data;
}
