using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>What a request costs more than in an empty pipeline, with a live session, beside the framework's session.</summary>
internal static class MiddlewareFigures
{
    private static int? s_loaded;

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        await using var empty = new Pipeline(static _ => { }, static _ => { });
        await using var ours = new Pipeline(static services => services.AddSessionLifetime(), static app => app.UseSessionLifetime());
        await using var without = new Pipeline(static services => services.AddSessionLifetime(), static app => app.UseSessionLifetime());
        await using var framework = new Pipeline(static services => services.AddDistributedMemoryCache().AddSession(), UseLoadedSession);
        await using var unprotected = new Pipeline(
            static services => services.AddDistributedMemoryCache().AddSession().AddSingleton<IDataProtectionProvider, NoProtection>(),
            UseLoadedSession);

        await ours.SignInAsync();
        foreach (var session in new[] { framework, unprotected })
        {
            session.Headers["X-Write"] = "1";
            session.RunAndKeepCookies();
            session.Headers.Remove("X-Write");
            s_loaded = null;
            session.Run();
            if (s_loaded != 1)
            {
                throw new InvalidOperationException("The framework's session was not loaded: it would be measured without its work.");
            }
        }

        var times = Measure.Nanoseconds(50_000, empty.Run, ours.Run, without.Run, framework.Run, unprotected.Run);
        var (live, plain, loaded, bare) = (times[1] - times[0], times[2] - times[0], times[3] - times[0], times[4] - times[0]);
        var bytes = Measure.Bytes(ours.Run) - Measure.Bytes(empty.Run);
        var bytesWithout = Measure.Bytes(without.Run) - Measure.Bytes(empty.Run);
        var bytesLoaded = Measure.Bytes(framework.Run) - Measure.Bytes(empty.Run);
        return
        [
            new("middleware over an empty pipeline, live session", $"{live:0} ns", $"{loaded:0} ns", "1/60, aim 1/100", live <= loaded / 60),
            new("the same, against a session without cookie protection", $"{live:0} ns", $"{bare:0} ns", "1/10", live <= bare / 10),
            new("bytes a request", $"{bytes:0}", $"{bytesLoaded:0}", "0", bytes < 0.5),
            new("a request without the header", $"{plain:0} ns, {bytesWithout:0} bytes", "", "20 ns, 0 bytes", plain <= 20 && bytesWithout < 0.5),
        ];
    }

    private static void UseLoadedSession(IApplicationBuilder app)
    {
        app.UseSession();
        app.Use(static (context, next) =>
        {
            s_loaded = context.Session.GetInt32("n");
            if (context.Request.Headers.ContainsKey("X-Write"))
            {
                context.Session.SetInt32("n", 1);
            }

            return next(context);
        });
    }

    private sealed class NoProtection : IDataProtectionProvider, IDataProtector
    {
        public IDataProtector CreateProtector(string purpose) => this;

        public byte[] Protect(byte[] plaintext) => plaintext;

        public byte[] Unprotect(byte[] protectedData) => protectedData;
    }
}
