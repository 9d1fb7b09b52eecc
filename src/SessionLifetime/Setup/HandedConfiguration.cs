using Microsoft.Extensions.Configuration;

namespace SessionLifetime.Setup;

/// <summary>A configuration that was handed to <c>AddSessionLifetime()</c>.</summary>
internal sealed record HandedConfiguration(IConfiguration Value);
