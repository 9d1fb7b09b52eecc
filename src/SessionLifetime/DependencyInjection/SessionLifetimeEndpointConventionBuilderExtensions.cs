using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime;
using SessionLifetime.Http.Endpoints;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Says what an endpoint has to do with sessions. MVC has attributes of the same names.</summary>
public static class SessionLifetimeEndpointConventionBuilderExtensions
{
    /// <summary>Lets the endpoint be reached with a living session only; other requests get a problem (RFC 9457) that says why: 428 without an id, 404 for an unknown one, 410 for an ended one, 403 for one that is refused.</summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoint, or a group of them.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static TBuilder RequireTabSession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Finally(static endpoint =>
        {
            // The middleware refuses requests without a session. Where it was forgotten, the endpoint throws instead of running without one.
            if (endpoint.RequestDelegate is { } next)
            {
                var admission = endpoint.ApplicationServices.GetService<IEndpointAdmission>();
                endpoint.RequestDelegate = context =>
                {
                    var admitted = RequireTabSessionAttribute.AdmitsAsync(admission, context);
                    if (!admitted.IsCompletedSuccessfully)
                    {
                        return PassAsync(context, admitted, next);
                    }

                    return admitted.Result ? next(context) : Task.CompletedTask;
                };
            }
        });
        return builder.WithMetadata(new RequireTabSessionAttribute());
    }

    private static async Task PassAsync(HttpContext context, ValueTask<bool> admitted, RequestDelegate next)
    {
        if (await admitted)
        {
            await next(context);
        }
    }

    /// <summary>
    /// Starts a session for a visitor who opens the page without one, so that the page can be rendered with it; see
    /// <see cref="StartTabSessionAttribute"/>.
    /// </summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoint, or a group of them.</param>
    /// <returns>The same builder, for more calls.</returns>
    public static TBuilder StartTabSession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new StartTabSessionAttribute());

    /// <summary>Says what requests to the endpoint tell of the user.</summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoint, or a group of them.</param>
    /// <param name="signal">What they tell; endpoints without a mark count as activity.</param>
    /// <returns>The same builder, for more calls.</returns>
    public static TBuilder WithSessionSignal<TBuilder>(this TBuilder builder, SessionSignal signal)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new SessionSignalAttribute(signal));

    /// <summary>
    /// Says how long a request to the endpoint holds its session's clocks while it is in flight: a report that is computed for half an hour, a download.
    /// While bytes of its body arrive it holds in any case.
    /// </summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoint, or a group of them.</param>
    /// <param name="longest">
    /// How long, from the beginning, and from each piece of the body; other endpoints hold for <see cref="SessionLifetimeOptions.MaxRequestHold"/>.
    /// </param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="longest"/> is not positive.</exception>
    public static TBuilder WithRequestHold<TBuilder>(this TBuilder builder, TimeSpan longest)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(longest, TimeSpan.Zero);
        return builder.WithMetadata(new RequestHoldAttribute(longest.TotalSeconds));
    }

    /// <summary>
    /// Says that a request to the endpoint stays open for as long as its session lives: a long poll, a stream of events. It is in flight, but no
    /// activity of the user, and is aborted when the session ends. Answers of the type <c>text/event-stream</c> are aborted without it.
    /// </summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoint, or a group of them.</param>
    /// <returns>The same builder, for more calls.</returns>
    public static TBuilder EndWithSession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new EndWithSessionAttribute());

    /// <summary>
    /// Lets such requests of one session run one at a time, in the order in which they came; those of different sessions do not wait for
    /// each other, and neither does the browser module. See <see cref="SerializePerSessionAttribute"/>.
    /// </summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoint, or a group of them: one queue for each session, whatever the endpoint.</param>
    /// <param name="timeout">How long a request waits before it is answered 503; null for 30 seconds.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is not positive, or more than 1 day.</exception>
    public static TBuilder SerializePerSession<TBuilder>(this TBuilder builder, TimeSpan? timeout = null)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(
            timeout is { } longest ? new SerializePerSessionAttribute { TimeoutSeconds = longest.TotalSeconds } : new SerializePerSessionAttribute());

    /// <summary>Keeps sessions away from the endpoint: none is looked up, none is touched.</summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoint, or a group of them.</param>
    /// <returns>The same builder, for more calls.</returns>
    public static TBuilder DisableTabSession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new DisableTabSessionAttribute());
}
