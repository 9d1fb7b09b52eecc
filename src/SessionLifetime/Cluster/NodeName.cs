using SessionLifetime.Events;
using SessionLifetime.Ids;

namespace SessionLifetime.Cluster;

/// <summary>Names one run of one process, and tells the other nodes which events it has handlers for.</summary>
internal static class NodeName
{
    private static readonly (char Letter, SessionEventKind Kind)[] s_letters =
    [
        ('t', SessionEventKind.SessionTimeout), ('u', SessionEventKind.PageUnloaded), ('e', SessionEventKind.ApplicationExit),
    ];

    /// <summary>A new name: that of the machine, as far as a store's names allow, 64 random bits, and a letter for each kind of event that is handled.</summary>
    /// <param name="wants">Whether there are handlers of a kind.</param>
    public static string Create(Func<SessionEventKind, bool> wants)
    {
        var machine = new string([.. Environment.MachineName.Where(static letter => char.IsAsciiLetterOrDigit(letter) || letter == '-').Take(40)]);
        return $"{machine}-{PublicId.Create()}-{new string(Array.ConvertAll(s_letters, one => wants(one.Kind) ? one.Letter : '0'))}";
    }

    /// <summary>Whether a node has handlers for a kind of event, as its name tells.</summary>
    public static bool Wants(string node, SessionEventKind kind)
    {
        for (var index = 0; index < s_letters.Length && node.Length > s_letters.Length && node[^(s_letters.Length + 1)] == '-'; index++)
        {
            if (s_letters[index].Kind == kind)
            {
                return node[node.Length - s_letters.Length + index] == s_letters[index].Letter;
            }
        }

        return false;
    }
}
