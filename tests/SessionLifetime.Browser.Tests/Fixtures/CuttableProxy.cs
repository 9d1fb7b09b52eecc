using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace SessionLifetime.Browser.Tests;

/// <summary>The network between browser and server: it can be cut, and can lead to another server afterwards.</summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> _open = new();
    private readonly Task _accepting;
    private volatile bool _isCut;

    public CuttableProxy(string target)
    {
        Target = new Uri(target);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Target { get; set; }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Cuts every connection, and lets none through until it is mended.</summary>
    public void Cut()
    {
        _isCut = true;
        foreach (var client in _open.Keys)
        {
            client.Close();
        }
    }

    public void Mend() => _isCut = false;

    public async ValueTask DisposeAsync()
    {
        Cut();
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = PassAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private async Task PassAsync(TcpClient browser)
    {
        using var server = new TcpClient();
        try
        {
            _open[browser] = _open[server] = true;
            if (_isCut)
            {
                return;
            }

            await server.ConnectAsync(Target.Host, Target.Port);
            var (there, back) = (browser.GetStream(), server.GetStream());
            await Task.WhenAny(there.CopyToAsync(back), back.CopyToAsync(there));
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut, or nobody there.
        }
        finally
        {
            browser.Close();
            _open.TryRemove(browser, out _);
            _open.TryRemove(server, out _);
        }
    }
}
