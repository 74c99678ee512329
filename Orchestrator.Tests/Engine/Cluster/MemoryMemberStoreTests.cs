using Orchestrator.Engine.Cluster;
using Orchestrator.Engine.Sharding;

namespace Orchestrator.Tests.Engine.Cluster;

public sealed class MemoryMemberStoreTests : MemberStoreSuite
{
    protected override ValueTask<IMemberStore> OpenAsync() => new(new MemoryMemberStore(TimeProvider.System));

    protected override IShardStore Shards(string memberId, Func<long> epoch) => ((MemoryMemberStore)Store).Shards(memberId, epoch);
}
