using System.Text.Json;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.Resources.Fixtures;
using Shouldly;

namespace Orchestrator.Tests.Resources.Json;

public sealed class TypedJsonManagersTests
{
    [Fact]
    public void Without_managers_everything_else_is_read_and_the_next_reading_has_them_again()
    {
        var json = ApiFixtures.Bytes("core.v1.Pod", "json");
        var whole = TypedJson.Read<Pod>(json);
        whole.Metadata.ManagedFields.ShouldNotBeNull();

        var bare = TypedJson.ReadWithoutManagers<Pod>(json);
        bare.Metadata.ManagedFields.ShouldBeNull();
        // The template of a claim has managers, too.
        foreach (var metadata in new[] { whole.Metadata, whole.Spec.Volumes!.Single().Ephemeral!.VolumeClaimTemplate!.Metadata }) metadata.ManagedFields = null;
        TypedJson.Write(bare).SequenceEqual(TypedJson.Write(whole)).ShouldBeTrue();

        Should.Throw<JsonException>(() => TypedJson.ReadWithoutManagers<Pod>("{\"metadata\":7}"u8));
        TypedJson.Read<Pod>(json).Metadata.ManagedFields.ShouldNotBeNull();
    }
}
