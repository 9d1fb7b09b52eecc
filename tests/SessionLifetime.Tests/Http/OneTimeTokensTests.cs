using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Tokens;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Http;

public sealed class OneTimeTokensTests
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void TryRedeem_OfATokenOnce_GivesItsSession()
    {
        using var tokens = New();
        var entry = NewEntry();
        var token = Issue(tokens, entry);

        Assert.Equal(22, token!.Length);
        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out var grant));
        Assert.Same(entry, grant.Entry);
        Assert.Equal(entry.Secret, grant.Secret);
        Assert.Equal(0, tokens.Count);
    }

    [Fact]
    public void TryRedeem_ASecondTime_IsRefused()
    {
        using var tokens = New();
        var token = Issue(tokens, NewEntry());

        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out _));
        Assert.False(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out var grant));
        Assert.Equal(default, grant);
    }

    [Fact]
    public async Task TryRedeem_ByManyAtOnce_SucceedsForExactlyOne()
    {
        using var tokens = New();
        var entry = NewEntry();
        for (var round = 0; round < 300; round++)
        {
            var token = Issue(tokens, entry);
            using var start = new Barrier(4);
            var winners = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out var _);
                },
                TaskCreationOptions.LongRunning)));

            Assert.Single(winners, won => won);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("not a token")]
    public void TryRedeem_OfWhatIsNoToken_IsRefused(string? text)
    {
        using var tokens = New();
        Issue(tokens, NewEntry());

        Assert.False(tokens.TryRedeem(TokenPurpose.Ticket, text, Request(), out _));
        Assert.Equal(1, tokens.Count);
    }

    [Fact]
    public void TryRedeem_ForSomethingElse_IsRefused()
    {
        using var tokens = New();
        var token = Issue(tokens, NewEntry());

        Assert.False(tokens.TryRedeem(TokenPurpose.Navigation, token, Request(), out _));
        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out _));
    }

    [Fact]
    public void TryRedeem_ByAnotherBrowser_IsRefusedAndUsesNothingUp()
    {
        using var tokens = New();
        var (ours, theirs) = (BrowserKey.Create(), BrowserKey.Create());
        var token = Issue(tokens, NewEntry(), browser: ours);

        Assert.False(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(theirs), out _));
        Assert.False(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out _));
        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(theirs, ours), out _));
    }

    [Fact]
    public void TryRedeem_WithoutBinding_AsksForNoBrowser()
    {
        using var tokens = New(options => options.BrowserBinding = BrowserBinding.Off);

        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, Issue(tokens, NewEntry(), browser: BrowserKey.Create()), Request(), out _));
    }

    [Fact]
    public void Issue_ForNoBrowser_IsGoodForWhoHasNoKeyWherePossibleAndForNobodyWhereRequired()
    {
        using var possible = New();
        using var required = New(options => options.BrowserBinding = BrowserBinding.Required);

        var token = Issue(possible, NewEntry());
        Assert.False(possible.TryRedeem(TokenPurpose.Ticket, token, Request(BrowserKey.Create()), out _));
        Assert.True(possible.TryRedeem(TokenPurpose.Ticket, token, Request(), out _));
        Assert.Null(Issue(required, NewEntry()));
        Assert.NotNull(Issue(required, NewEntry(), browser: BrowserKey.Create()));
    }

    [Fact]
    public void Issue_OfWhatACookieCarries_IsForNobodyWithoutAKey()
    {
        using var possible = New();
        using var off = New(options => options.BrowserBinding = BrowserBinding.Off);
        var entry = NewEntry();

        Assert.Null(possible.Issue(TokenPurpose.Navigation, entry, entry.Secret, BrowserKey.None, s_lifetime));
        Assert.NotNull(off.Issue(TokenPurpose.Navigation, entry, entry.Secret, BrowserKey.None, s_lifetime));
    }

    [Fact]
    public void TryRedeem_OfAHandOver_TakesAnyKeyWhileTheSessionHasNone()
    {
        using var tokens = New();
        var (entry, key) = (NewEntry(), BrowserKey.Create());

        Assert.True(Redeem(Request(BrowserKey.Create())));
        Assert.True(Redeem(Request(key)));
        Assert.True(Redeem(Request()));

        bool Redeem(HttpRequest request) =>
            tokens.TryRedeem(TokenPurpose.HandOver, tokens.Issue(TokenPurpose.HandOver, entry, entry.Secret, key, s_lifetime), request, out _);
    }

    [Fact]
    public void TryRedeem_AfterItsLifetime_IsRefused()
    {
        using var tokens = New();
        var (first, second) = (Issue(tokens, NewEntry()), Issue(tokens, NewEntry()));
        _time.Advance(s_lifetime - TimeSpan.FromTicks(1));
        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, first, Request(), out _));

        _time.Advance(TimeSpan.FromTicks(1));

        Assert.False(tokens.TryRedeem(TokenPurpose.Ticket, second, Request(), out _));
    }

    [Fact]
    public void TryRedeem_WhenTheWallClockMoved_IsAsItWas()
    {
        using var tokens = New();
        var token = Issue(tokens, NewEntry());
        _time.MoveWallClock(TimeSpan.FromDays(1));

        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out _));
        token = Issue(tokens, NewEntry());
        _time.MoveWallClock(TimeSpan.FromDays(-2));
        _time.Advance(s_lifetime);

        Assert.False(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out _));
    }

    [Fact]
    public void Count_AfterExpiry_IsNothingWhoeverLooks()
    {
        using var tokens = New();
        for (var i = 0; i < 100; i++)
        {
            Issue(tokens, NewEntry(), lifetime: TimeSpan.FromSeconds(i + 1));
        }

        Assert.Equal(100, tokens.Count);
        _time.Advance(TimeSpan.FromSeconds(160));

        Assert.Equal(0, tokens.Count);
        Assert.Equal(0, _time.CountDueWithin(TimeSpan.FromDays(1)));
    }

    [Fact]
    public void Issue_MoreThanAHandfulForOneSession_PushesOutItsOldestOfThatKindOnly()
    {
        using var tokens = New();
        var (entry, other) = (NewEntry(), NewEntry());
        var key = BrowserKey.Create();
        var navigation = tokens.Issue(TokenPurpose.Navigation, entry, entry.Secret, key, s_lifetime);
        var others = Issue(tokens, other);
        var ours = Enumerable.Range(0, 1000).Select(_ => Issue(tokens, entry)).ToList();

        Assert.Equal(OutstandingTokens.MaxOutstanding + 2, tokens.Count);
        Assert.All(ours[..^OutstandingTokens.MaxOutstanding], token => Assert.False(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out _)));
        Assert.All(ours[^OutstandingTokens.MaxOutstanding..], token => Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out _)));
        Assert.True(tokens.TryRedeem(TokenPurpose.Navigation, navigation, Request(key), out _));
        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, others, Request(), out _));
    }

    [Fact]
    public void Issue_WhenFull_GivesNoneAndLosesNone()
    {
        using var tokens = New(options => options.MaxSessions = 2);
        var issued = Enumerable.Range(0, 2 * OutstandingTokens.MaxPerSession).Select(_ => Issue(tokens, NewEntry())).ToList();

        Assert.Null(Issue(tokens, NewEntry()));
        Assert.All(issued, token => Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out _)));
        Assert.NotNull(Issue(tokens, NewEntry()));
    }

    [Fact]
    public void Issue_ForAsManySessionsAsThereMayBe_GivesEachAllItMayHave()
    {
        const int Sessions = 50;
        using var tokens = New(options => options.MaxSessions = Sessions);
        for (var i = 0; i < Sessions; i++)
        {
            var (entry, key) = (NewEntry(), BrowserKey.Create());
            foreach (var use in Enum.GetValues<TokenPurpose>())
            {
                Assert.All(Enumerable.Range(0, 2 * OutstandingTokens.MaxOutstanding), _ => Assert.NotNull(tokens.Issue(use, entry, entry.Secret, key, s_lifetime)));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public void Issue_WhateverTheLimitOfSessions_GivesOne(int sessions)
    {
        using var tokens = New(options => options.MaxSessions = sessions);

        Assert.NotNull(Issue(tokens, NewEntry()));
    }

    [Fact]
    public void TryRedeem_OfASessionThatIsGone_GivesItsIdAndHasKeptNothingElse()
    {
        using var tokens = New();
        var (token, secret, kept) = IssueAndForget(tokens);
        for (var attempt = 0; attempt < 10 && kept.IsAlive; attempt++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(kept.IsAlive);
        Assert.True(tokens.TryRedeem(TokenPurpose.Ticket, token, Request(), out var grant));
        Assert.Equal((null, secret), (grant.Entry, grant.Secret));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (string Token, SessionId Secret, WeakReference Kept) IssueAndForget(OneTimeTokens tokens)
        {
            var entry = NewEntry();
            return (Issue(tokens, entry)!, entry.Secret, new WeakReference(entry));
        }
    }

    [Fact]
    public void ToString_OfWhatIsGranted_ShowsNoSecret()
    {
        using var tokens = New();
        var entry = NewEntry();
        tokens.TryRedeem(TokenPurpose.Ticket, Issue(tokens, entry), Request(), out var grant);

        Assert.DoesNotContain(entry.Secret.Reveal(), grant.ToString(), StringComparison.Ordinal);
    }

    private static SessionEntry NewEntry() => new(SessionId.Create(), PublicId.Create(), new Moment(1));

    private static string? Issue(OneTimeTokens tokens, SessionEntry entry, BrowserKey browser = default, TimeSpan? lifetime = null) =>
        tokens.Issue(TokenPurpose.Ticket, entry, entry.Secret, browser, lifetime ?? s_lifetime);

    private static HttpRequest Request(params BrowserKey[] keys)
    {
        var context = new DefaultHttpContext();
        if (keys.Length > 0)
        {
            context.Request.Headers.Cookie = string.Join("; ", keys.Select(key => $"SessionLifetime.Browser={key.Reveal()}"));
        }

        return context.Request;
    }

    private OneTimeTokens New(Action<SessionLifetimeOptions>? configure = null)
    {
        var options = new SessionLifetimeOptions();
        configure?.Invoke(options);
        var cookie = new BrowserCookie(
            Options.Create(new BrowserCookieOptions()),
            new HostingEnvironment { EnvironmentName = Environments.Development },
            NullLogger<BrowserCookie>.Instance);
        return new OneTimeTokens(cookie, Options.Create(options), _time);
    }
}
