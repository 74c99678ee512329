using System.Net;
using System.Text;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Services;
using Orchestrator.Resources;
using Orchestrator.Resources.Kinds;
using Shouldly;

namespace Orchestrator.Tests.Actors.Services;

public sealed class NodeSubnetsTests
{
    private static readonly ResourceKind Nodes = KindCatalog.Default.Get("nodes");

    private readonly NodeSubnets _subnets = new(IPNetwork.Parse("10.244.0.0/22"), 24);
    private long _version;

    [Fact]
    public void Every_node_gets_a_part_of_its_own_until_none_is_left()
    {
        var given = new List<string?>();
        for (var i = 0; i < 5; i++)
        {
            var cidr = Free($"n{i}");
            given.Add(cidr);
            if (cidr is not null) Observe($"n{i}", cidr);
        }
        given.ShouldBe(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24", null]);
    }

    [Fact]
    public void What_is_reserved_is_not_given()
    {
        _subnets.Free("n", new HashSet<string> { "10.244.0.0/24", "10.244.1.0/24" }.Contains).ShouldBe("10.244.2.0/24");
    }

    [Fact]
    public void A_part_that_became_free_is_given_after_the_others_and_not_at_once()
    {
        foreach (var node in new[] { "a", "b", "c" }) Observe(node, Free(node)!);
        Observe("a", "10.244.0.0/24", gone: true);
        var next = Free("d")!;
        next.ShouldBe("10.244.3.0/24");
        Observe("d", next);
        Free("e").ShouldBe("10.244.0.0/24");
    }

    [Fact]
    public void News_that_come_late_change_nothing()
    {
        Observe("a", "10.244.0.0/24");
        var late = _version;
        Observe("a", "10.244.0.0/24", gone: true);
        Observe("b", "10.244.0.0/24");
        _subnets.Observe(Entry("b", "10.244.2.0/24", late), gone: false);
        Free("c").ShouldBe("10.244.1.0/24");
        _subnets.Has("a").ShouldBeFalse();
        _subnets.Has("b").ShouldBeTrue();
    }

    private string? Free(string node) => _subnets.Free(node, _ => false);

    private void Observe(string node, string cidr, bool gone = false) => _subnets.Observe(Entry(node, cidr, ++_version), gone);

    private static ResourceEntry Entry(string node, string cidr, long version) =>
        new(new ResourceKey("nodes", "", node), Nodes, version, 1, Encoding.UTF8.GetBytes($$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"{{node}}"},"spec":{"podCIDR":"{{cidr}}"} }"""));
}
