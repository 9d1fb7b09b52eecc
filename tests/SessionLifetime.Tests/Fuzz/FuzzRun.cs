using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using SessionLifetime.Tests.Policy;

namespace SessionLifetime.Tests.Fuzz;

/// <summary>
/// Plays generated cases to a property. Other cases every time; a failure names the seed and the shortest case found.
/// A long run: <c>SESSIONLIFETIME_FUZZ=100 dotnet test --filter Fuzz</c> plays a hundred times as many; the same cases again:
/// <c>SESSIONLIFETIME_FUZZ_SEED=</c> and the seed.
/// </summary>
internal static class FuzzRun
{
    private static readonly int s_factor = int.TryParse(Environment.GetEnvironmentVariable("SESSIONLIFETIME_FUZZ"), out var factor) ? factor : 1;

    private static readonly ulong s_seed = ulong.TryParse(Environment.GetEnvironmentVariable("SESSIONLIFETIME_FUZZ_SEED"), out var seed)
        ? seed
        : (ulong)Random.Shared.NextInt64();

    public static int Times(int count) => count * s_factor;

    /// <summary>What a failure has to say to be repeated.</summary>
    public static string Seed => "SESSIONLIFETIME_FUZZ_SEED=" + s_seed.ToString(CultureInfo.InvariantCulture);

    /// <summary>Plays this many cases, times the factor of a long run; every one must pass without an exception.</summary>
    public static void Check<T>(int count, Gen<T> cases, Action<T> holds, Func<T, IEnumerable<T>>? shrink = null)
    {
        var played = 0L;
        var config = Config.QuickThrowOnFailure
            .WithMaxTest(Times(count))
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(s_seed), size: null)));
        try
        {
            FsCheck.Check.One(config, Prop.ForAll(Arb.From(cases, shrink ?? (static _ => [])), one =>
            {
                played++;
                holds(one);
            }));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Assert.Fail($"{Seed}{Environment.NewLine}{exception}");
        }

        Assert.True(played >= Times(count), $"Only {played} cases were played.");
    }

    public static void CheckTexts(int count, Gen<string> cases, Action<string> holds) => Check(count, cases, holds, Texts.Shorter);

    /// <summary>As many cases, for properties that have to be awaited.</summary>
    public static IEnumerable<T> Cases<T>(int count, Gen<T> cases)
    {
        // In portions: a long run does not keep millions of cases.
        const int Portion = 1000;
        var total = Times(count);
        for (var done = 0; done < total; done += Portion)
        {
            foreach (var one in cases.Sample(Math.Min(Portion, total - done), new Rnd(s_seed + (ulong)done), 50))
            {
                yield return one;
            }
        }
    }
}
