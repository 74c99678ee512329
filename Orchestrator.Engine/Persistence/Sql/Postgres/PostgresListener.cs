using Npgsql;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>
/// Hears what is told on one channel, over a connection of its own that is made again as often as it is lost. What was told meanwhile is lost too, so after each connecting
/// the listener's owner is asked to look for himself.
/// </summary>
internal sealed class PostgresListener : IAsyncDisposable
{
    private readonly PostgresSettings _settings;
    private readonly TimeProvider _time;
    private readonly string _channel;
    private readonly Func<Task> _onConnected;
    private readonly Action<int, string> _onNotified;
    private readonly CancellationTokenSource _closing = new();
    private readonly NpgsqlDataSource _source;
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _run;
    private Exception? _lastError;

    /// <param name="settings">The database.</param>
    /// <param name="time">For the pauses.</param>
    /// <param name="channel">What to listen to.</param>
    /// <param name="onConnected">Called each time from when on nothing is missed. An error counts as a lost connection.</param>
    /// <param name="onNotified">Called with the process id of the server's side of who told it, and what was told.</param>
    public PostgresListener(PostgresSettings settings, TimeProvider time, string channel, Func<Task> onConnected, Action<int, string> onNotified)
    {
        (_settings, _time, _channel, _onConnected, _onNotified) = (settings, time, channel, onConnected, onNotified);
        _source = settings.Source("listener", builder => (builder.Pooling, builder.KeepAlive) = (false, 2));
        _run = Task.Run(RunAsync);
    }

    /// <summary>Completes when it listens for the first time. Throws <see cref="JournalUnusableException"/> where that takes too long.</summary>
    public async Task ConnectedAsync(CancellationToken cancel)
    {
        try
        {
            await _first.Task.WaitAsync(_settings.OpenPatience, _time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw PostgresErrors.CannotOpen(Volatile.Read(ref _lastError) ?? new TimeoutException("no answer in time"), _settings.Name);
        }
    }

    /// <summary>Ends the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
        _closing.Dispose();
    }

    private async Task RunAsync()
    {
        var backoff = new Backoff(_settings.Random);
        for (var failures = 0; !_closing.IsCancellationRequested;)
        {
            try
            {
                var connection = await _source.OpenConnectionAsync(_closing.Token).ConfigureAwait(false);
                await using var _ = connection.ConfigureAwait(false);
                connection.Notification += (_, told) => _onNotified(told.PID, told.Payload);
                var listen = new NpgsqlCommand($"LISTEN {_channel}", connection);
                await using (listen.ConfigureAwait(false)) await listen.ExecuteNonQueryAsync(_closing.Token).ConfigureAwait(false);
                await _onConnected().ConfigureAwait(false);
                if (failures > 0) PostgresLog.Reconnected(_settings.Logger, _settings.Name, "listener");
                failures = 0;
                _first.TrySetResult();
                for (; ; ) await connection.WaitAsync(_closing.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // whatever it is, without a connection nothing is heard: it is said and tried again
            catch (Exception error)
#pragma warning restore CA1031
            {
                if (_closing.IsCancellationRequested) return;
                Volatile.Write(ref _lastError, error);
                var pause = backoff.After(++failures);
                PostgresLog.ConnectionLost(_settings.Logger, _settings.Name, "listener", error.Message, pause);
                await Task.Delay(pause, _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
