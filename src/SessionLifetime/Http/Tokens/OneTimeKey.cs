namespace SessionLifetime.Http.Tokens;

/// <summary>The key of a token. Compared in constant time; never printed, as records are.</summary>
internal readonly record struct OneTimeKey(TokenPurpose Use, ulong High, ulong Low)
{
    public bool Equals(OneTimeKey other) => (((ulong)Use ^ (ulong)other.Use) | (High ^ other.High) | (Low ^ other.Low)) == 0;

    public override int GetHashCode() => (int)(Low ^ (Low >> 32));

    public override string ToString() => "[one-time token]";
}
