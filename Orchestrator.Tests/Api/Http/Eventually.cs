namespace Orchestrator.Tests.Api.Http;

/// <summary>Waits for a condition that a server brings about by itself.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Asks until it holds. Throws <see cref="TimeoutException"/>, which says <paramref name="what"/> was waited for, after a minute.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what = "what a test waited for")
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!await condition())
        {
            if (deadline.IsCancellationRequested) throw new TimeoutException($"{what} did not come about");
            await Task.Yield();
        }
    }
}
