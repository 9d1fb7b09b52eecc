using System.Diagnostics;
using System.Globalization;

namespace SessionLifetime.Soak.Use;

/// <summary>The machine of the user: the processes that this one has started, and theirs. It falls asleep, and wakes up.</summary>
internal static class UseMachine
{
    public static Task SleepAsync() => SignalAsync("STOP");

    public static Task WakeAsync() => SignalAsync("CONT");

    private static async Task SignalAsync(string signal)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && ParentOf(folder) is { } parent)
            {
                parents[id] = parent;
            }
        }

        var ours = parents.Keys.Where(id => IsOurs(id, parents));
        using var kill = Process.Start("sh", ["-c", $"kill -{signal} {string.Join(' ', ours)} 2>/dev/null || true"]);
        await kill.WaitForExitAsync();
    }

    private static bool IsOurs(int id, Dictionary<int, int> parents)
    {
        for (var at = id; parents.TryGetValue(at, out var parent); at = parent)
        {
            if (parent == Environment.ProcessId)
            {
                return true;
            }
        }

        return false;
    }

    private static int? ParentOf(string folder)
    {
        try
        {
            // After the name, which may contain anything and stands in parentheses: state and parent.
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return null;
        }
    }
}
