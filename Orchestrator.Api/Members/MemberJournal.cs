using Microsoft.Extensions.Logging;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql.Postgres;
using Orchestrator.Engine.Persistence.Sql.Sqlite;
using Orchestrator.Engine.Sharding;
using Orchestrator.Engine.Singleton;

namespace Orchestrator.Api.Members;

/// <summary>The journal of this process, and the cluster that it makes the process a member of: alone on an embedded database, with others on a shared one.</summary>
public abstract class MemberJournal : IAsyncDisposable
{
    /// <summary>The journal.</summary>
    public abstract IJournal Journal { get; }

    /// <summary>Whether others write it, too.</summary>
    public abstract bool IsShared { get; }

    /// <summary>Why this member cannot take requests now; null where it can.</summary>
    public abstract string? Problem { get; }

    /// <summary>
    /// Opens the database that the configuration names; <paramref name="file"/> is the embedded one's.
    /// Throws <see cref="Engine.Persistence.Sql.JournalUnusableException"/>, whose message says what to do.
    /// </summary>
    public static async Task<MemberJournal> OpenAsync(MemberConfiguration member, string file, TimeProvider time, ILoggerFactory logging, CancellationToken cancel)
    {
        if (member.Postgres is null) return new Alone(member, await SqliteJournal.OpenAsync(file, member.Id, "", time, cancel));
        var journal = await PostgresJournal.OpenAsync(new PostgresSettings(member.Postgres) { Logger = logging.CreateLogger("Orchestrator.Journal") }, time, cancel);
        try
        {
            return new Shared(member, journal, await PostgresMemberStore.OpenAsync(journal, time, cancel));
        }
        catch
        {
            await journal.DisposeAsync();
            throw;
        }
    }

    /// <summary>Completes when this process has been given everything that had been committed, by whichever member, when it was called.</summary>
    public async Task CaughtUpAsync(CancellationToken cancel) => await Journal.WaitForHeadAsync(await Journal.ReadHeadAsync(cancel), cancel);

    /// <summary>Joins, as reachable at the system's address; returns when the member is up. Shards and singletons started afterwards are the cluster's.</summary>
    public abstract Task JoinAsync(ActorSystem system, CancellationToken cancel);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    private sealed class Alone(MemberConfiguration member, SqliteJournal journal) : MemberJournal
    {
        public override IJournal Journal => journal;

        public override bool IsShared => false;

        public override string? Problem => null;

        public override Task JoinAsync(ActorSystem system, CancellationToken cancel)
        {
            Cluster.Get(system).JoinAlone(member.Id, system.Address.ToString(), journal.Epoch, member.Roles);
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync() => journal.DisposeAsync();
    }

    private sealed class Shared(MemberConfiguration member, PostgresJournal journal, PostgresMemberStore store) : MemberJournal
    {
        private Membership? _membership;

        public override IJournal Journal => journal;

        public override bool IsShared => true;

        public override string? Problem => _membership switch
        {
            { IsUp: true } => null,
            { WaitsFor: { } others } => $"this member has no connection with {others}, which it needs to join",
            _ => "this member's lease is over; it is joining again",
        };

        public override async Task JoinAsync(ActorSystem system, CancellationToken cancel)
        {
            var settings = new MembershipSettings(member.Id, system.Address.ToString()) { Roles = [.. member.Roles], Lease = member.Lease };
            _membership = Membership.Start(system, settings, store, epoch => journal.WriteAsAsync(member.Id, epoch));
            ClusterSharding.Get(system).ShardStore = store.Shards(member.Id, () => _membership.Epoch);
            ClusterSingleton.Get(system).LeaseOwner = new FreshLeaseOwner(_membership, CaughtUpAsync, system.TimeProvider, system.LoggerFactory.CreateLogger("Orchestrator.Members"));
            await _membership.Up.WaitAsync(cancel);
        }

        public override async ValueTask DisposeAsync()
        {
            await store.DisposeAsync();
            await journal.DisposeAsync();
        }
    }

}
