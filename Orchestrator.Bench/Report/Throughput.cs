namespace Orchestrator.Bench.Report;

/// <summary>Counts how often something can be done per second by several clients at once.</summary>
public static class Throughput
{
    /// <summary>
    /// Measures a floor and the product by turns, so that what else the machine does meets both alike; operations per second of each. One warm-up each, not counted.
    /// </summary>
    public static async Task<(double Floor, double Value)> CompareAsync(int clients, TimeSpan warmUp, TimeSpan duration, Func<int, Task> floor, Func<int, Task> operation)
    {
        const int Turns = 4;
        var (floors, values) = (0.0, 0.0);
        for (var turn = 0; turn < Turns; turn++)
        {
            var settle = turn == 0 ? warmUp : warmUp / 10;
            floors += await MeasureAsync(clients, settle, duration / Turns, floor);
            values += await MeasureAsync(clients, settle, duration / Turns, operation);
        }
        return (floors / Turns, values / Turns);
    }

    /// <summary>Runs <paramref name="clients"/> loops for a while, after a warm-up that is not counted; operations per second of all together.</summary>
    public static async Task<double> MeasureAsync(int clients, TimeSpan warmUp, TimeSpan duration, Func<int, Task> operation)
    {
        var time = TimeProvider.System;
        long count = 0;
        var counting = false;
        using var stop = new CancellationTokenSource();
        var loops = Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await operation(client);
                if (Volatile.Read(ref counting)) Interlocked.Increment(ref count);
            }
        })).ToList();
        await Task.Delay(warmUp, time);
        var start = time.GetTimestamp();
        Volatile.Write(ref counting, true);
        await Task.Delay(duration, time);
        Volatile.Write(ref counting, false);
        var counted = Interlocked.Read(ref count);
        var elapsed = time.GetElapsedTime(start);
        await stop.CancelAsync();
        await Task.WhenAll(loops);
        return counted / elapsed.TotalSeconds;
    }
}
