using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;

namespace SessionLifetime.Http.Requests;

/// <summary>Names the cause of failures of the app whose own text does not: what has to be called so that they do not happen.</summary>
internal sealed class RequestFailures(ILogger<RequestFailures> logger)
{
    private int _hasExplained;

    /// <summary>Looks at what a request threw. Returns false, so that it can stand in an exception filter.</summary>
    public bool Explain(Exception exception)
    {
        // The framework's getter throws where no middleware has provided a session.
        if (exception is InvalidOperationException
            && exception.StackTrace?.Contains("DefaultHttpContext.get_Session()", StringComparison.Ordinal) == true
            && Interlocked.Exchange(ref _hasExplained, 1) == 0)
        {
            logger.HttpSessionMissing();
        }

        return false;
    }
}
