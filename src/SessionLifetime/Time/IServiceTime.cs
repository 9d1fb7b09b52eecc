namespace SessionLifetime.Time;

/// <summary>Service time as one node knows it: the time of the store, less every stretch in which no node reached it.</summary>
internal interface IServiceTime
{
    /// <summary>Now. It never goes back.</summary>
    Moment Now { get; }

    /// <summary>The same while the node has heard from the store just now; otherwise <see cref="Moment.Never"/>.</summary>
    Moment NowForTouch { get; }

    /// <summary>For how long, since a moment, the clock stood or was put forward.</summary>
    TimeSpan StoppedSince(Moment moment);
}
