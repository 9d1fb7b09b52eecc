using System.Diagnostics;
using System.Globalization;

namespace SessionLifetime.Soak.Speed;

/// <summary>Processor seconds that processes have used.</summary>
internal static class ProcessorTime
{
    private const double TicksPerSecond = 100;

    /// <summary>Those of this process.</summary>
    public static double Own => Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>Those of a server: its processes, and the ended ones that the first of them has waited for.</summary>
    public static double Of(IReadOnlyList<int> processes)
    {
        var ticks = 0L;
        for (var index = 0; index < processes.Count; index++)
        {
            string text;
            try
            {
                text = File.ReadAllText($"/proc/{processes[index]}/stat");
            }
            catch (IOException)
            {
                // It has ended meanwhile.
                continue;
            }

            // After the name, which may hold spaces: the state is the third field, and 14 to 17 are the times.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            ticks += Read(fields, 14) + Read(fields, 15) + (index == 0 ? Read(fields, 16) + Read(fields, 17) : 0);
        }

        return ticks / TicksPerSecond;
    }

    private static long Read(string[] fields, int number) => long.Parse(fields[number - 3], CultureInfo.InvariantCulture);
}
