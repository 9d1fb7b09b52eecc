using SessionLifetime.Policy;
using SessionLifetime.Time;
using static SessionLifetime.Tests.Policy.Sample;

namespace SessionLifetime.Tests.Policy;

public sealed class ClockworkTests
{
    // T = 20, C = 20, S = 40 unless a test says otherwise.

    [Theory]
    [InlineData(19.999, false)]
    [InlineData(20, true)]
    [InlineData(39.999, true)]
    public void Look_IdleForTheTimeout_TimesOut(double now, bool timesOut)
    {
        var verdict = Look(Session(), Timings(), At(now));

        Assert.Equal(timesOut ? Verdict.TimesOut(At(20)) : Verdict.Lives, verdict);
    }

    [Fact]
    public void Look_OneTickBeforeTheTimeout_Lives()
    {
        var edge = At(20);

        Assert.Equal(ClockStepKind.Nothing, Look(Session(), Timings(), new Moment(edge.Ticks - 1)).Kind);
        Assert.Equal(ClockStepKind.TimesOut, Look(Session(), Timings(), edge).Kind);
    }

    [Fact]
    public void Look_TimedOutAndPinged_EndsByIdleTimeout()
    {
        var session = Session().TimedOut(20).Heard(25, SignalReport.Alive, Timings());

        Assert.Equal(SessionState.TimedOut, session.State);
        Assert.Equal(Verdict.Lives, Look(session, Timings(), At(39.999)));
        Assert.Equal(Verdict.Ends(SessionEndReason.IdleTimeout, At(40)), Look(session, Timings(), At(40)));
    }

    [Theory]
    [InlineData(19.9, SessionEndReason.SignalLost)]
    [InlineData(20, SessionEndReason.IdleTimeout)]
    public void Look_Expired_TellsWhetherAnybodySawTheCountdown(double lastPing, SessionEndReason reason)
    {
        // Pinged before or at the timeout; S is longer, so rule 5 decides.
        var session = Session(activity: 0, signal: lastPing).TimedOut(20);

        Assert.Equal(reason, Look(session, Timings(signal: 100), At(40)).Reason);
    }

    [Fact]
    public void Look_SilentAtTheSameMomentAsExpired_TieGoesToTheLowerRule()
    {
        var session = Session().TimedOut(20);

        Assert.Equal(Verdict.Ends(SessionEndReason.SignalLost, At(40)), Look(session, Timings(), At(40)));
        Assert.False(OwesTimeout(session, SessionEndReason.SignalLost));
    }

    [Fact]
    public void Look_SignalLostBeforeTheTimeout_OwesOneTimeout()
    {
        var session = Session();

        Assert.Equal(Verdict.Ends(SessionEndReason.SignalLost, At(5)), Look(session, Timings(signal: 5), At(9)));
        Assert.True(OwesTimeout(session, SessionEndReason.SignalLost));
        Assert.False(OwesTimeout(session, SessionEndReason.AbsoluteTimeout));
    }

    [Fact]
    public void Look_TimeoutNever_OnlySilenceAskedForEnds()
    {
        Assert.Equal(Verdict.Lives, Look(Session(), Timings(timeout: 0), At(1e9)));
        Assert.Equal(Moment.Never, Clockwork.NextDue(Session(), Timings(timeout: 0), At(0)));
        Assert.Equal(
            Verdict.Ends(SessionEndReason.SignalLost, At(30)),
            Look(Session(), Timings(timeout: 0, signal: 30), At(31)));
    }

    [Theory]
    [InlineData(5, 100, 100, SessionEndReason.SelfDestructed)]
    [InlineData(100, 6, 100, SessionEndReason.AbsoluteTimeout)]
    [InlineData(100, 100, 7, SessionEndReason.SignalLost)]
    [InlineData(7, 7, 7, SessionEndReason.SelfDestructed)]
    [InlineData(100, 7, 7, SessionEndReason.AbsoluteTimeout)]
    public void Look_SeveralRulesDue_TheFirstMomentThenTheLowerNumberWins(double destruct, double absolute, double signal, SessionEndReason reason)
    {
        var session = Session();
        session.SelfDestructAt = At(destruct);

        Assert.Equal(reason, Look(session, Timings(timeout: 1000, absolute: absolute, signal: signal), At(500)).Reason);
    }

    [Fact]
    public void Look_EndAndTimeoutAtTheSameMoment_EndWins()
    {
        var verdict = Look(Session(), Timings(absolute: 20), At(20));

        Assert.Equal(Verdict.Ends(SessionEndReason.AbsoluteTimeout, At(20)), verdict);
    }

    [Fact]
    public void Look_LateAfterAPause_SaysWhatATimelyOneSaid()
    {
        // Timed out at 20, self-destruct at 25, and nobody looked until 100: the timeout comes first, the end is the same.
        var session = Session();
        session.SelfDestructAt = At(25);

        Assert.Equal(Verdict.TimesOut(At(20)), Look(session, Timings(), At(100)));
        Assert.Equal(Verdict.Ends(SessionEndReason.SelfDestructed, At(25)), Look(session.TimedOut(100), Timings(), At(100)));
    }

    [Fact]
    public void Look_HandledAndSilent_EndsAllTheSame()
    {
        var session = Session().Asked(20);
        Assert.True(Clockwork.TryConclude(ref session, 1, handled: true, Timings(), At(20)));

        Assert.Equal(Verdict.Ends(SessionEndReason.SignalLost, At(40)), Look(session, Timings(), At(40)));
        Assert.False(OwesTimeout(session, SessionEndReason.SignalLost));
    }

    [Fact]
    public void Conclude_Handled_RaisesAgainAfterEachFurtherTimeoutWithACountActivityResets()
    {
        var timings = Timings(signal: 1000);
        var session = Session().Asked(20);
        Assert.True(Clockwork.TryConclude(ref session, 1, handled: true, Timings(), At(21)));
        Assert.Equal((SessionState.Active, At(21), 1), (session.State, session.IdleReset, session.Occurrence));
        Assert.Equal(Verdict.TimesOut(At(41)), Look(session, timings, At(50)));

        session = session.Asked(41);
        Assert.True(Clockwork.TryConclude(ref session, 2, handled: true, Timings(), At(41)));
        Assert.Equal(2, session.Occurrence);

        session = session.Heard(50, SignalReport.Activity, timings);
        Assert.Equal(0, session.Occurrence);
        Assert.Equal(Verdict.TimesOut(At(70)), Look(session, timings, At(70)));
    }

    [Fact]
    public void Conclude_ActivityCameMeanwhile_HasNoEffect()
    {
        var session = Session().Asked(20).Heard(21, SignalReport.Activity, Timings());

        Assert.False(Clockwork.TryConclude(ref session, 1, handled: true, Timings(), At(30)));
        Assert.Equal((SessionState.Active, Moment.Before), (session.State, session.IdleReset));
    }

    [Fact]
    public void Conclude_OfAnEarlierRaise_HasNoEffect()
    {
        var session = Session().Asked(20).Heard(21, SignalReport.Activity, Timings()).Asked(41);

        Assert.False(Clockwork.TryConclude(ref session, 1, handled: true, Timings(), At(42)));
        Assert.True(session.Raising);
    }

    [Fact]
    public void Look_HandlersAreAsked_RuleFiveWaitsAndTheOthersDoNot()
    {
        var session = Session(signal: 39).Asked(20);

        Assert.Equal(Verdict.Lives, Look(session, Timings(), At(60)));
        Assert.Equal(Verdict.Ends(SessionEndReason.AbsoluteTimeout, At(30)), Look(session, Timings(absolute: 30), At(60)));
    }

    [Fact]
    public void Look_HandlersAreAskedAndRuleFiveCameFirst_TheAnswerDecides()
    {
        var timings = Timings(absolute: 45);
        var session = Session(signal: 44).Asked(60);

        Assert.Equal(Verdict.Waits(SessionEndReason.AbsoluteTimeout, At(45)), Look(session, timings, At(60)));
        Assert.True(Clockwork.IsInDoubt(session, timings, At(60)));
        Assert.True(Clockwork.NextDue(session, timings, At(60)).IsNever);

        var handled = session;
        Clockwork.TryConclude(ref handled, 1, handled: true, Timings(), At(60));
        Assert.Equal(SessionEndReason.AbsoluteTimeout, Look(handled, timings, At(60)).Reason);

        var unhandled = session;
        Clockwork.TryConclude(ref unhandled, 1, handled: false, Timings(), At(60));
        Assert.Equal(Verdict.Ends(SessionEndReason.IdleTimeout, At(40)), Look(unhandled, timings, At(60)));
    }

    [Fact]
    public void IsInDoubt_TimelyHandlersThatAreSlow_AreNoDoubt()
    {
        var session = Session(signal: 39).Asked(20);

        Assert.False(Clockwork.IsInDoubt(session, Timings(), At(60)));
    }

    [Fact]
    public void Count_ActivityWhileTimedOut_IsActiveAgain_PingIsNot()
    {
        var session = Session().TimedOut(20);

        Assert.Equal(SessionState.TimedOut, session.Heard(30, SignalReport.Alive, Timings()).State);
        Assert.Equal(SessionState.Active, session.Heard(30, SignalReport.Activity, Timings()).State);
    }

    [Theory]
    [InlineData(5, 25, SessionState.Active)]
    [InlineData(10, 20, SessionState.Active)]
    [InlineData(15, 15, SessionState.Active)]
    [InlineData(29.999, 0.001, SessionState.Active)]
    [InlineData(30, 0, SessionState.TimedOut)]
    [InlineData(1e9, 0, SessionState.TimedOut)]
    public void Count_IdleFor_RevivesIfTheTimeoutThenLiesBehindTheRaise(double idle, double activity, SessionState state)
    {
        // T = 10: timed out at 10, a report at 30 of activity some time ago.
        var timings = Timings(timeout: 10, countdown: 100);
        var session = Session().TimedOut(10, timings).Heard(30, new SignalReport { IdleFor = TimeSpan.FromSeconds(idle) }, timings);

        Assert.Equal((state, At(activity), At(30)), (session.State, session.LastActivity, session.LastSignal));
    }

    [Fact]
    public void Count_IdleForOfAMomentThatHasTimedOutSince_IsDueAnew()
    {
        var timings = Timings(timeout: 10, countdown: 100);
        var session = Session().TimedOut(10, timings).Heard(30, new SignalReport { IdleFor = TimeSpan.FromSeconds(15) }, timings);

        Assert.Equal(0, session.Occurrence);
        Assert.Equal(Verdict.TimesOut(At(25)), Look(session, timings, At(30)));
        Assert.Equal(1, session.TimedOut(30, timings).Occurrence);
    }

    [Fact]
    public void Derive_ATimeoutShortenedAfterTheRaise_DoesNotTimeOutWhatAReportRevived()
    {
        var session = Session().TimedOut(10, Timings(timeout: 10)).Heard(30, new SignalReport { IdleFor = TimeSpan.FromSeconds(29) }, Timings(timeout: 5));

        Assert.Equal(SessionState.Active, session.State);
    }

    [Fact]
    public void Count_InAnyOrder_GivesTheSame()
    {
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var timings = Timings(timeout: random.Next(1, 20), countdown: 100, signal: 1000);
            var seen = Session() with { Confirmed = false };
            if (random.Next(2) == 0)
            {
                seen = random.Next(2) == 0 ? seen.Asked(20, timings) : seen.TimedOut(20, timings);
            }

            if (random.Next(2) == 0)
            {
                Clockwork.Arm(ref seen, At(500), At(20));
            }

            var signals = Enumerable.Range(0, random.Next(1, 6)).Select(_ => (At: (double)random.Next(20, 40), Signal: Any(random))).ToArray();
            var inOrder = signals.Aggregate(seen, (session, one) => session.Heard(one.At, one.Signal, timings));
            random.Shuffle(signals);
            var shuffled = signals.Aggregate(seen, (session, one) => session.Heard(one.At, one.Signal, timings));

            Assert.Equal(inOrder, shuffled);
        }

        static SignalReport Any(Random random) => random.Next(4) switch
        {
            0 => SignalReport.Alive,
            1 => SignalReport.Detach,
            2 => new SignalReport { IsStretch = true },
            _ => new SignalReport { IdleFor = TimeSpan.FromSeconds(random.Next(0, 40)) },
        };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Count_ASignalInTheTickOfTheArming_DisarmsUnlessItIsADetach(bool isDetach)
    {
        var session = Session();
        Clockwork.Arm(ref session, At(30), At(20));
        session = session.Heard(20, isDetach ? SignalReport.Detach : SignalReport.Alive, Timings());

        Assert.Equal(isDetach ? At(30) : Moment.Never, session.SelfDestructAt);
    }

    [Fact]
    public void Count_IdleForLessThanKnown_NeverMovesActivityBack()
    {
        var session = Session(activity: 15).Heard(20, new SignalReport { IdleFor = TimeSpan.FromSeconds(10) }, Timings());

        Assert.Equal(At(15), session.LastActivity);
    }

    [Fact]
    public void Count_Stretch_RestartsTheIdleClockAndIsNoActivity()
    {
        var session = Session().Heard(15, new SignalReport { IsStretch = true }, Timings());

        Assert.Equal(At(0), session.LastActivity);
        Assert.Equal(Verdict.TimesOut(At(35)), Look(session, Timings(), At(35)));
        Assert.Equal(SessionState.Active, Session().TimedOut(20).Heard(30, new SignalReport { IsStretch = true }, Timings()).State);
    }

    [Fact]
    public void Count_AnySignalButADetach_DisarmsTheSelfDestruct()
    {
        var session = Session();
        session.SelfDestructAt = At(30);

        Assert.Equal(At(30), session.Heard(10, SignalReport.Detach, Timings()).SelfDestructAt);
        Assert.True(session.Heard(10, SignalReport.Alive, Timings()).SelfDestructAt.IsNever);
        Assert.True(session.Heard(10, SignalReport.Activity, Timings()).SelfDestructAt.IsNever);
    }

    [Fact]
    public void Look_NeverHeardOfAgain_EndsAtTheUnconfirmedTimeout()
    {
        var timings = Timings(unconfirmed: 5);
        var session = Session();
        session.Confirmed = false;

        Assert.Equal(Verdict.Ends(SessionEndReason.SignalLost, At(5)), Look(session, timings, At(5)));
        Assert.Equal(Verdict.Lives, Look(session.Heard(4, SignalReport.Alive, timings), timings, At(5)));

        // Its first answer took a while: handlers loaded its state.
        session.SignalHeldUntil = session.ActivityHeldUntil = At(600);
        Assert.Equal(Verdict.Lives, Look(session, timings, At(5)));
        Assert.Equal(ClockStepKind.Ends, Look(session, timings, At(605)).Kind);
    }

    [Fact]
    public void Look_RequestInFlight_HoldsTheClocksItCountsFor()
    {
        var session = Session();
        session.SignalHeldUntil = At(600);
        Assert.Equal(Verdict.TimesOut(At(20)), Look(session, Timings(), At(100)));

        session.ActivityHeldUntil = At(600);
        Assert.Equal(Verdict.Lives, Look(session, Timings(), At(100)));
        Assert.Equal(At(120), Clockwork.NextDue(session, Timings(), At(100)));
    }

    [Fact]
    public void Look_RequestHeldTooLong_CountsFromWhereTheHoldEnded()
    {
        var session = Session();
        session.SignalHeldUntil = session.ActivityHeldUntil = At(600);

        Assert.Equal(Verdict.Lives, Look(session, Timings(), At(619)));
        Assert.Equal(Verdict.TimesOut(At(620)), Look(session, Timings(), At(625)));
    }

    [Fact]
    public void Look_RequestInFlight_HoldsNeitherSelfDestructNorAbsolute()
    {
        var session = Session();
        session.SignalHeldUntil = session.ActivityHeldUntil = At(600);

        Assert.Equal(SessionEndReason.AbsoluteTimeout, Look(session, Timings(absolute: 30), At(31)).Reason);
        session.SelfDestructAt = At(10);
        Assert.Equal(SessionEndReason.SelfDestructed, Look(session, Timings(), At(11)).Reason);
    }

    [Fact]
    public void Reconsider_LongerTimeoutOfItsOwn_MakesActiveAgain()
    {
        var session = Session().TimedOut(20);
        Clockwork.Derive(ref session, Timings(timeout: 60), At(30));

        Assert.Equal(SessionState.Active, session.State);
    }

    [Fact]
    public void Look_LongestDurations_NeverOverflow()
    {
        var longest = TimeSpan.MaxValue;
        var timings = SessionTimings.Of(new SessionLifetimeOptions
        {
            SessionTimeout = longest,
            CountdownDuration = longest,
            SignalTimeout = longest,
            AbsoluteTimeout = longest,
            UnconfirmedTimeout = longest,
        });
        var almost = SessionTimings.Of(new SessionLifetimeOptions { SessionTimeout = longest - TimeSpan.FromTicks(1) });
        var farFuture = new Moment(long.MaxValue - 1);

        foreach (var set in new[] { timings, almost })
        {
            Assert.Equal(ClockStepKind.Nothing, Look(Session(), set, At(1e6)).Kind);
            _ = Look(Session(), set, farFuture);
            _ = Clockwork.NextDue(Session(), set, farFuture);
            _ = SessionStatus.Of(Session(), set, farFuture);
            _ = Session().Heard(10, new SignalReport { IdleFor = longest }, set);
        }
    }

    [Fact]
    public void Look_Ended_SaysNothingMore()
    {
        var session = Session();
        Clockwork.End(ref session, SessionEndReason.Exited, At(0), Timings(), At(0));

        Assert.Equal(Verdict.Lives, Look(session, Timings(), At(1e6)));
        Assert.True(Clockwork.NextDue(session, Timings(), At(1e6)).IsNever);
    }

    [Fact]
    public void NextDue_IsNeverLaterThanWhatComesNext()
    {
        var session = Session(activity: 3, signal: 7);

        Assert.Equal(At(23), Clockwork.NextDue(session, Timings(), At(10)));
        Assert.Equal(At(17), Clockwork.NextDue(session, Timings(signal: 10), At(10)));
        Assert.Equal(At(43), Clockwork.NextDue(session.TimedOut(23), Timings(), At(30)));
    }
}
