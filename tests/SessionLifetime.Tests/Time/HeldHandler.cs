using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

[assembly: HostingStartup(typeof(SessionLifetime.Tests.Time.HeldHandler))]

namespace SessionLifetime.Tests.Time;

/// <summary>
/// Gives an app in a process of its own a <c>SessionStarted</c> handler that runs until a file is there. An app that no test asked for it has none.
/// </summary>
public sealed class HeldHandler : IHostingStartup
{
    /// <summary>The environment variable that names the file.</summary>
    public const string Variable = "SESSIONLIFETIME_TESTS_HANDLER_HELD_UNTIL";

    /// <summary>What the handler writes when it begins, and when it is done.</summary>
    public const string Entered = "The handler has begun.";

    /// <inheritdoc cref="Entered"/>
    public const string Left = "The handler is done.";

    /// <inheritdoc/>
    public void Configure(IWebHostBuilder builder)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } file)
        {
            return;
        }

        builder.ConfigureServices(services => services.AddSessionLifetime().OnSessionStarted(async (_, cancellationToken) =>
        {
            Console.WriteLine(Entered);
            while (!File.Exists(file))
            {
                await Task.Delay(20, cancellationToken);
            }

            Console.WriteLine(Left);
        }));
    }
}
