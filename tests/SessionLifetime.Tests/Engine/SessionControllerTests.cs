using SessionLifetime.Engine;

namespace SessionLifetime.Tests.Engine;

public sealed class SessionControllerTests
{
    [Fact]
    public void Result_CompleteStep_IsGiven() => Assert.Equal(7, SessionController.Result(new ValueTask<int>(7), "TryChangeAsync", "SelfDestruct"));

    [Fact]
    public void Result_StepThatWaits_NamesTheAsyncMember()
    {
        var never = new TaskCompletionSource<int>();

        var thrown = Assert.Throws<InvalidOperationException>(() => SessionController.Result(new ValueTask<int>(never.Task), "TryChangeAsync", "SelfDestruct"));

        Assert.Equal("SelfDestruct is synchronous, and the session is kept in a store that has to be waited for: await SessionEngine.TryChangeAsync.", thrown.Message);
    }
}
