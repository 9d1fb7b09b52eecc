using System.Globalization;
using System.Threading.Channels;
using Npgsql;

namespace SessionLifetime.PostgreSql;

/// <summary>News over <c>LISTEN</c> and <c>NOTIFY</c>, on a connection of their own that is opened again when it breaks.</summary>
internal sealed class PostgreSqlNews(NpgsqlDataSource database, string channel, TimeProvider time)
{
    public const string Beat = "beat";

    private const string Probe = "probe ";

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestProbe = TimeSpan.FromSeconds(2);

    /// <summary>Whether a notice that is sent arrives: through a pooler in transaction mode it does not.</summary>
    public async ValueTask<bool> IsHeardAsync(CancellationToken cancellationToken)
    {
        var (text, isHeard) = (Probe + Guid.NewGuid().ToString("N"), false);
        await using var listener = await database.OpenConnectionAsync(cancellationToken);
        listener.Notification += (_, notice) => isHeard |= string.Equals(notice.Payload, text, StringComparison.Ordinal);
        await ListenAsync(listener, cancellationToken);
        await SendAsync(text, cancellationToken);
        var sent = time.GetTimestamp();
        for (var left = s_longestProbe; !isHeard && left > TimeSpan.Zero; left = s_longestProbe - time.GetElapsedTime(sent))
        {
            await listener.WaitAsync(left, cancellationToken);
        }

        return isHeard;
    }

    /// <summary>Sends a notice.</summary>
    public async ValueTask SendAsync(string text, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT pg_notify($1, $2)");
        command.Parameters.Add(new() { Value = channel });
        command.Parameters.Add(new() { Value = text });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes what arrives, until it is cancelled.</summary>
    public async Task PumpAsync(ChannelWriter<SessionNotice> notices, CancellationToken cancellationToken)
    {
        try
        {
            await PumpUntilStoppedAsync(notices, cancellationToken);
            notices.TryComplete(new OperationCanceledException(cancellationToken));
        }
        catch (Exception exception)
        {
            // Nothing that passes: the reader is told, and begins anew if it wants to.
            notices.TryComplete(exception);
        }
    }

    private async Task PumpUntilStoppedAsync(ChannelWriter<SessionNotice> notices, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(cancellationToken);
                connection.Notification += (_, notice) => Write(notice.Payload, notices);
                await ListenAsync(connection, cancellationToken);
                while (true)
                {
                    if (!await connection.WaitAsync(s_quiet, cancellationToken))
                    {
                        // A connection that nobody answers on any more is noticed by this.
                        await using var ask = new NpgsqlCommand("SELECT 1", connection);
                        await ask.ExecuteNonQueryAsync(cancellationToken);
                    }
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (NpgsqlException)
            {
                // The next heartbeat tells of the outage, and brings what was not heard.
                await Task.Delay(s_pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static void Write(string payload, ChannelWriter<SessionNotice> notices)
    {
        if (string.Equals(payload, Beat, StringComparison.Ordinal))
        {
            notices.TryWrite(new(Change: null));
            return;
        }

        if (payload.StartsWith(Probe, StringComparison.Ordinal))
        {
            return;
        }

        foreach (var one in payload.Split(';'))
        {
            if (one.Split(':') is [var id, var version, [var ended, var told]] && long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                notices.TryWrite(new(new CommittedChange(id, number, ended == '1', told == '1')));
            }
        }
    }

    private async ValueTask ListenAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The only part that is not constant is the channel, quoted.
        await using var listen = new NpgsqlCommand($"LISTEN {PostgreSqlStatements.Quoted(channel)}", connection);
#pragma warning restore CA2100
        await listen.ExecuteNonQueryAsync(cancellationToken);
    }
}
