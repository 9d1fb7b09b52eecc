using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Endpoints;

/// <summary>Decides, immediately before an endpoint that requires a session runs, whether its request may reach it.</summary>
internal interface IEndpointAdmission
{
    /// <summary>Whether the endpoint may run. Where it may not, the answer has been written.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">The middleware has not run: no session was looked for.</exception>
    ValueTask<bool> AdmitsAsync(HttpContext context);
}
