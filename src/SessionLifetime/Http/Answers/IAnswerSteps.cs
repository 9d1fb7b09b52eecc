namespace SessionLifetime.Http.Answers;

/// <summary>What an answer waits for before it starts.</summary>
internal interface IAnswerSteps
{
    /// <summary>Waits, where the answer has not started.</summary>
    ValueTask SaveAsync();
}
