using SessionLifetime.Ids;

namespace SessionLifetime.Cluster;

/// <summary>Names one run of one process.</summary>
internal static class NodeName
{
    /// <summary>A new name: that of the machine, as far as a store's names allow, and 64 random bits.</summary>
    public static string Create()
    {
        var machine = new string([.. Environment.MachineName.Where(static letter => char.IsAsciiLetterOrDigit(letter) || letter == '-').Take(40)]);
        return $"{machine}-{PublicId.Create()}";
    }
}
