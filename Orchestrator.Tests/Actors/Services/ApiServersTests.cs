using System.Collections.Immutable;
using System.Net;
using Orchestrator.Actors.Services.Endpoints;
using Orchestrator.Engine.Cluster;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Services;

/// <summary>The endpoints of Service <c>default/kubernetes</c> are the members that are up.</summary>
public sealed class ApiServersTests
{
    [Fact]
    public void Members_say_in_a_role_where_they_serve_and_only_those_that_are_up_count()
    {
        ApiServers.In([Member("a", "10.1.0.2:6443", MemberStatus.Up), Member("b", "10.1.0.1:6443", MemberStatus.Up), Member("c", "10.1.0.3:6443", MemberStatus.Down), new("d", "", 1, MemberStatus.Up, ["storage"])])
            .Select(s => s.ToString()).ShouldBe(["10.1.0.1:6443", "10.1.0.2:6443"]);
    }

    [Fact]
    public void Members_with_ports_of_their_own_are_subsets_and_slices_of_their_own()
    {
        IPEndPoint[] servers = [IPEndPoint.Parse("10.1.0.1:6443"), IPEndPoint.Parse("10.1.0.1:7443"), IPEndPoint.Parse("10.1.0.2:6443")];
        ApiServers.Endpoints(servers).Subsets!.Select(s => (string.Join(' ', s.Addresses!.Select(a => a.IP)), s.Ports!.Single().Port)).ShouldBe([("10.1.0.1 10.1.0.2", 6443), ("10.1.0.1", 7443)]);
        ApiServers.Slices(servers).Select(s => (s.Metadata.Name, s.Endpoints!.Count)).ShouldBe([("kubernetes", 2), ("kubernetes-7443", 1)]);
    }

    private static Member Member(string id, string address, MemberStatus status) => new(id, "", 1, status, ImmutableHashSet.Create(ApiServers.Role(IPEndPoint.Parse(address)), "other"));
}
