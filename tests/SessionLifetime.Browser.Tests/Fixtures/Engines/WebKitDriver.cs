using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>The WebDriver server of WebKitGTK, and the display it draws on, which nobody sees.</summary>
internal sealed class WebKitDriver : IAsyncDisposable
{
    private readonly Process _display;
    private readonly Process _driver;

    private WebKitDriver(Process display, Process driver, Uri address) => (_display, _driver, Address) = (display, driver, address);

    public static string BrowserPath { get; } =
        new[] { "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser", "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser", "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser" }.FirstOrDefault(File.Exists)
        ?? "";

    public Uri Address { get; }

    public static async Task<WebKitDriver> StartAsync()
    {
        const string Driver = "/usr/bin/WebKitWebDriver", Display = "/usr/bin/Xvfb";
        if (BrowserPath.Length == 0 || !File.Exists(Driver) || !File.Exists(Display))
        {
            Requirement.Missing("There is no WebKit on this machine: install webkit2gtk-driver and xvfb.");
        }

        // The display says on its output which number it took.
        var display = Process.Start(new ProcessStartInfo(Display, ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var number = (await display.StandardOutput.ReadLineAsync())!.Trim();
        var port = FreePort();
        var start = new ProcessStartInfo(Driver, [$"--port={port}"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DISPLAY"] = ":" + number;

        // Its sandbox needs rights that a container has not; the pages are ours.
        start.Environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1";
        start.Environment["LIBGL_ALWAYS_SOFTWARE"] = "1";
        start.Environment["NO_AT_BRIDGE"] = "1";
        var driver = Process.Start(start)!;
        driver.BeginOutputReadLine();
        driver.BeginErrorReadLine();
        display.BeginErrorReadLine();
        await Eventually.BecomesTrueAsync(() => Answers(port), () => "the WebDriver server of WebKit answers");
        return new(display, driver, new Uri($"http://127.0.0.1:{port}/"));
    }

    public async ValueTask DisposeAsync()
    {
        // The display first: a browser whose driver has crashed ends with it, and has the driver's output open until then.
        foreach (var process in new[] { _display, _driver }.Where(static process => !process.HasExited))
        {
            process.Kill(entireProcessTree: true);
        }

        foreach (var process in new[] { _display, _driver })
        {
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool Answers(int port)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
