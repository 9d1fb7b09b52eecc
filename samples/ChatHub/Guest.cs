using SessionLifetime;

namespace ChatHub;

/// <summary>Who sits in one tab: one for each session, whichever connection speaks for it.</summary>
public sealed class Guest(ITabSessionAccessor accessor)
{
    private static readonly string[] s_names = ["Ada", "Alan", "Barbara", "Claude", "Donald", "Edsger", "Frances", "Grace", "Hedy", "Ken", "Margaret", "Niklaus"];
    private static int s_last = -1;

    /// <summary>The session's public id.</summary>
    public string Id { get; } = accessor.Session!.Id;

    public string Name { get; set; } = NextName();

    private static string NextName()
    {
        var number = (uint)Interlocked.Increment(ref s_last);
        var name = s_names[number % s_names.Length];
        return number < s_names.Length ? name : $"{name} {(number / s_names.Length) + 1}";
    }
}
