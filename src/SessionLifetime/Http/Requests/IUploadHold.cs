namespace SessionLifetime.Http.Requests;

/// <summary>The hold of a request whose body arrives in pieces.</summary>
internal interface IUploadHold
{
    /// <summary>Whether a piece of the body that arrives now lets the request hold anew: an eighth of the duration after the last time.</summary>
    /// <param name="generation">Which request the body belongs to: the object may serve another one by now.</param>
    bool IsRenewalDue(int generation);

    /// <summary>A piece of the body has arrived.</summary>
    ValueTask HoldAnewAsync();
}
