using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.Http.Answers;

/// <summary>
/// What has to be in the store before an answer starts. It is written in front of the call that starts the answer, so that what fails is thrown out of that call
/// as what it is, while the answer can still be another one: a server turns what is thrown while it starts an answer into 500. What starts an answer in any
/// other way (an upgrade) has it written when it starts.
/// </summary>
internal sealed class AnswerStart : IAnswerSteps
{
    private readonly List<Func<ValueTask>> _steps = [];
    private readonly IHttpResponseBodyFeature _body;
    private bool _isOver;

    private AnswerStart(IHttpResponseBodyFeature body) => _body = body;

    /// <summary>From now on the answer waits for the steps that are added.</summary>
    public static AnswerStart Begin(HttpContext context)
    {
        var body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var start = new AnswerStart(body);
        context.Features.Set(start);
        context.Features.Set<IHttpResponseBodyFeature>(new AnswerBody(body, start));
        context.Response.OnStarting(static state => ((AnswerStart)state).StartAsync(), start);
        return start;
    }

    /// <summary>Adds a step: those added last come first. It may be called more than once.</summary>
    public static void Add(HttpContext context, Func<ValueTask> step) => context.Features.GetRequiredFeature<AnswerStart>()._steps.Add(step);

    /// <summary>Takes the steps, where the answer has not started.</summary>
    public ValueTask SaveAsync() => _isOver ? default : StepsAsync();

    /// <summary>Nothing is written any more: the answer says that something failed.</summary>
    public void GiveUp() => _isOver = true;

    /// <summary>The request is done.</summary>
    public void End(HttpContext context) => context.Features.Set(_body);

    private async Task StartAsync()
    {
        await SaveAsync();
        _isOver = true;
    }

    private async ValueTask StepsAsync()
    {
        try
        {
            for (var index = _steps.Count - 1; index >= 0; index--)
            {
                await _steps[index]();
            }
        }
        catch
        {
            // Once: who catches it may still answer.
            _isOver = true;
            throw;
        }
    }
}
