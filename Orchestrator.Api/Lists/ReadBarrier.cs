using Orchestrator.Api.Hosting;
using Orchestrator.Api.Requests;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Lists;

/// <summary>Waits until the read model is as fresh as a read demands (DESIGN §5: a read with no resourceVersion is linearizable).</summary>
internal static class ReadBarrier
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Whether the cache may answer already.</summary>
    public static bool IsReached(ApiServices services, Freshness freshness, long version) => freshness switch
    {
        Freshness.Any => true,
        // Without other writers the cache has everything that was ever acknowledged.
        Freshness.MostRecent => services.SharedJournal is null,
        _ => services.Cache.Head >= version,
    };

    /// <summary>Returns when the cache may answer. Throws 504 where it does not get there in time, as upstream for a resourceVersion of the future.</summary>
    public static ValueTask WaitAsync(ApiServices services, Freshness freshness, long version, CancellationToken cancel)
    {
        if (IsReached(services, freshness, version)) return ValueTask.CompletedTask;
        return freshness == Freshness.MostRecent ? WaitForHeadAsync(services, cancel) : WaitForAsync(services, version, cancel);
    }

    private static async ValueTask WaitForHeadAsync(ApiServices services, CancellationToken cancel) =>
        await WaitForAsync(services, await services.SharedJournal!.ReadHeadAsync(cancel), cancel);

    private static async ValueTask WaitForAsync(ApiServices services, long version, CancellationToken cancel)
    {
        try
        {
            await services.Cache.WaitForAsync(version, cancel).WaitAsync(Patience, services.Time, cancel);
        }
        catch (TimeoutException)
        {
            throw new ApiStatus(504, "Timeout", $"Too large resource version: {version}, current: {services.Cache.Head}")
            {
                Causes = [new StatusCause("ResourceVersionTooLarge", "Too large resource version", "")],
                RetryAfterSeconds = 1,
            }.AsException();
        }
    }
}
