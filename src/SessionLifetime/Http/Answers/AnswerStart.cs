using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Http.Reading;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Http.Answers;

/// <summary>
/// The body of an answer that waits for the store before it starts: for what synchronous members have begun to write, and for the values of the session. It is
/// written in front of the call that starts the answer, so that what fails is thrown out of that call as what it is, while the answer can still be another one:
/// a server turns what is thrown while it starts an answer into 500. What starts an answer in any other way (an upgrade) has it written when it starts.
/// </summary>
/// <remarks>One object a request.</remarks>
internal sealed class AnswerStart : PendingWrites, IHttpResponseBodyFeature, IAnswerSteps
{
    private readonly IHttpResponseBodyFeature _inner;
    private Func<ValueTask>? _first;
    private AnswerStream? _stream;
    private AnswerWriter? _writer;
    private bool _isOver;

    private AnswerStart(IHttpResponseBodyFeature inner) => _inner = inner;

    public Stream Stream => _stream ??= new(_inner.Stream, this);

    public PipeWriter Writer => _writer ??= new(_inner.Writer, this);

    /// <summary>From now on the answer waits.</summary>
    public static AnswerStart Begin(HttpContext context)
    {
        var features = context.Features;
        var start = new AnswerStart(features.Find<IHttpResponseBodyFeature>()!);
        features.Put<IHttpResponseBodyFeature>(start);
        features.Find<IHttpResponseFeature>()!.OnStarting(static state => ((AnswerStart)state).OnStartingAsync(), start);
        start.Begin();
        return start;
    }

    /// <summary>Waits for a step, too, before all else. It may be called more than once.</summary>
    public static void Add(HttpContext context, Func<ValueTask> step) => ((AnswerStart)context.Features.GetRequiredFeature<IHttpResponseBodyFeature>())._first = step;

    /// <summary>Waits, where the answer has not started.</summary>
    public ValueTask SaveAsync() => _isOver || (_first is null && IsEmpty) ? default : StepsAsync();

    /// <summary>Nothing is written any more: the answer says that something failed.</summary>
    public void Stop()
    {
        GiveUp();
        _isOver = true;
    }

    /// <summary>The request is done.</summary>
    public void End(HttpContext context) => context.Features.Put(_inner);

    public void DisableBuffering() => _inner.DisableBuffering();

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await SaveAsync();
        await _inner.StartAsync(cancellationToken);
    }

    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        await SaveAsync();
        await _inner.SendFileAsync(path, offset, count, cancellationToken);
    }

    public async Task CompleteAsync()
    {
        await SaveAsync();
        await _inner.CompleteAsync();
    }

    private Task OnStartingAsync()
    {
        // And what is begun while it starts.
        var writing = AnswerStartsAsync();
        var saving = writing.IsCompletedSuccessfully ? SaveAsync() : WaitAndSaveAsync(writing);
        if (saving.IsCompletedSuccessfully)
        {
            _isOver = true;
            return Task.CompletedTask;
        }

        return FinishAsync(saving);
    }

    private async ValueTask WaitAndSaveAsync(ValueTask writing)
    {
        await writing;
        await SaveAsync();
    }

    private async Task FinishAsync(ValueTask saving)
    {
        await saving;
        _isOver = true;
    }

    private async ValueTask StepsAsync()
    {
        try
        {
            if (_first is not null)
            {
                await _first();
            }

            await WhenWrittenAsync();
        }
        catch
        {
            // Once: who catches it may still answer.
            _isOver = true;
            throw;
        }
    }
}
