using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Benchmarks;

/// <summary>Sessions without the requests that would start them.</summary>
internal static class SessionStarting
{
    /// <param name="services">The app's.</param>
    /// <param name="browser">Its browser.</param>
    /// <param name="named">The name of its page; null for any.</param>
    public static async Task<SessionEntry> StartSessionAsync(this IServiceProvider services, BrowserKey browser, string? named = null)
    {
        var page = named is null ? RandomName() : PageId.TryCreate(named, out var id) ? id : throw new InvalidOperationException("No page id.");
        var arrivals = services.GetRequiredService<SessionArrivals>();
        var (outcome, hold) = await arrivals.StartAsync(page, RandomName(), new SessionOwner(browser, user: null), default);
        if (outcome != PlacementResult.Added)
        {
            throw new InvalidOperationException($"A session could not be started: {outcome}.");
        }

        services.GetRequiredService<SessionEngine>().Release(hold);
        return hold.Entry;
    }

    /// <summary>A name as the browser module makes it for pages and for tabs: 128 bits in 22 characters of base64url.</summary>
    private static PageId RandomName() => PageId.TryCreate(BrowserKey.Create().Reveal(), out var name) ? name : throw new InvalidOperationException("No page id.");
}
