using Orchestrator.Actors.Services.Endpoints;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Discovery.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.Actors.Services.ServiceObjects;
using CoreEndpoints = Orchestrator.Resources.Types.Core.V1.Endpoints;

namespace Orchestrator.Tests.Actors.Services;

/// <summary>What a Service's control loop stores, as a function of what is there.</summary>
public sealed class EndpointsPlanTests
{
    [Fact]
    public void Ready_and_not_ready_pods_stand_apart_and_going_and_ended_ones_not_at_all_in_Endpoints()
    {
        var ended = Pod(4);
        ended.Status.Phase = "Succeeded";
        var made = Next(Service(Port(80)), [Pod(1), Pod(2, ready: false), Pod(3, going: true), ended]).Endpoints!;
        var subset = made.Subsets.ShouldHaveSingleItem();
        subset.Addresses!.ShouldHaveSingleItem().IP.ShouldBe("10.0.0.1");
        (subset.Addresses![0].NodeName, subset.Addresses[0].TargetRef!.Kind, subset.Addresses[0].TargetRef!.Name, subset.Addresses[0].TargetRef!.UID).ShouldBe(("n1", "Pod", "p-1", "uid-1"));
        subset.NotReadyAddresses!.ShouldHaveSingleItem().IP.ShouldBe("10.0.0.2");
        (subset.Ports!.ShouldHaveSingleItem().Port, subset.Ports![0].Protocol).ShouldBe((80, "TCP"));
        made.Metadata.Labels.ShouldBe(new Dictionary<string, string> { ["team"] = "a" });
        made.Metadata.Annotations!["endpoints.kubernetes.io/last-change-trigger-time"].ShouldBe("2026-01-01T00:00:00Z");
    }

    [Fact]
    public void A_slice_says_of_each_pod_whether_it_is_ready_serving_and_terminating()
    {
        var slice = Created(Next(Service(Port(80, "http")), [Pod(1), Pod(2, ready: false), Pod(3, going: true)])).ShouldHaveSingleItem();
        slice.Endpoints!.Select(e => (e.TargetRef!.Name, e.Conditions.Ready, e.Conditions.Serving, e.Conditions.Terminating))
            .ShouldBe([("p-1", true, true, false), ("p-2", false, false, false), ("p-3", false, true, true)]);
        (slice.AddressType, slice.Metadata.GenerateName, slice.Ports!.Single().Name, slice.Endpoints![0].NodeName, slice.Endpoints[0].Zone).ShouldBe(("IPv4", "web-", "http", "n1", "z1"));
        slice.Metadata.Labels.ShouldBe(new Dictionary<string, string> { ["team"] = "a", ["kubernetes.io/service-name"] = "web", ["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io" }, ignoreOrder: true);
        var owner = slice.Metadata.OwnerReferences!.ShouldHaveSingleItem();
        (owner.Kind, owner.UID, owner.Controller, owner.BlockOwnerDeletion).ShouldBe(("Service", "service", true, true));
    }

    [Fact]
    public void PublishNotReadyAddresses_shows_pods_however_they_are()
    {
        var service = Service(Port(80));
        service.Spec.PublishNotReadyAddresses = true;
        var decision = Next(service, [Pod(1, ready: false), Pod(2, going: true)]);
        decision.Endpoints!.Subsets!.Single().Addresses!.Select(a => a.IP).ShouldBe(["10.0.0.1", "10.0.0.2"]);
        Created(decision).Single().Endpoints!.ShouldAllBe(e => e.Conditions.Ready == true);
    }

    [Fact]
    public void A_named_target_port_is_looked_up_in_each_pod_and_pods_with_other_numbers_stand_apart()
    {
        var decision = Next(Service(NamedPort("http")), [Pod(1, named: 8080), Pod(2, named: 9090), Pod(3)]);
        decision.Endpoints!.Subsets!.Select(s => (s.Addresses!.Single().IP, s.Ports!.Single().Port)).ShouldBe([("10.0.0.1", 8080), ("10.0.0.2", 9090)]);
        Created(decision).Select(s => (s.Endpoints!.Single().TargetRef!.Name, s.Ports!.SingleOrDefault()?.Port)).ShouldBe([("p-1", 8080), ("p-2", 9090), ("p-3", null)], ignoreOrder: true);
    }

    [Fact]
    public void A_headless_service_needs_no_ports_and_says_that_it_is_headless_and_pods_have_their_host_names()
    {
        var service = Service();
        service.Spec.ClusterIP = "None";
        var named = Pod(1);
        (named.Spec.Hostname, named.Spec.Subdomain) = ("db-0", "web");
        var other = Pod(2);
        (other.Spec.Hostname, other.Spec.Subdomain) = ("db-1", "elsewhere");
        var decision = Next(service, [named, other]);
        var subset = decision.Endpoints!.Subsets!.Single();
        (subset.Ports, subset.Addresses![0].Hostname, subset.Addresses[1].Hostname).ShouldBe((null, "db-0", ""));
        decision.Endpoints.Metadata.Labels!["service.kubernetes.io/headless"].ShouldBe("");
        var slice = Created(decision).Single();
        (slice.Endpoints![0].Hostname, slice.Endpoints[1].Hostname, slice.Metadata.Labels!["service.kubernetes.io/headless"]).ShouldBe(("db-0", null, ""));
        Next(Service(), [named]).Endpoints!.Subsets.ShouldBeNull();
    }

    [Fact]
    public void Without_pods_there_are_empty_Endpoints_and_one_slice_that_stands_for_none()
    {
        var decision = Next(Service(Port(80)), []);
        decision.Endpoints!.Subsets.ShouldBeNull();
        var placeholder = Created(decision).ShouldHaveSingleItem();
        (placeholder.Endpoints!.Count, placeholder.Ports!.Count).ShouldBe((0, 0));
        Settled(Service(Port(80)), []).Slices.ShouldBeEmpty();
    }

    [Fact]
    public void What_is_as_it_should_be_is_not_written_again()
    {
        var decision = Settled(Service(Port(80), Port(443)), [Pod(1), Pod(2, ready: false)]);
        (decision.Endpoints, decision.Slices.Count).ShouldBe((null, 0));
    }

    [Fact]
    public void The_trigger_time_is_that_of_the_pod_that_changed_and_none_where_some_only_went()
    {
        var service = Service(Port(80));
        var before = Next(service, [Pod(1), Pod(2, ready: false)]).Endpoints!;
        var ready = Pod(2);
        ready.Status.Conditions![0].LastTransitionTime = Start.AddMinutes(1);
        EndpointsPlan.Next(Observed(service, [Pod(1), ready], before)).Endpoints!.Metadata.Annotations!["endpoints.kubernetes.io/last-change-trigger-time"].ShouldBe("2026-01-01T00:01:00Z");
        EndpointsPlan.Next(Observed(service, [Pod(1)], before)).Endpoints!.Metadata.Annotations.ShouldBeNull();
    }

    [Fact]
    public void Beyond_a_thousand_addresses_Endpoints_are_cut_ready_ones_first_and_slices_are_not()
    {
        Pod[] pods = [.. Enumerable.Range(1, 1050).Select(n => Pod(n, ready: n > 100))];
        var decision = Next(Service(Port(80)), pods);
        var subset = decision.Endpoints!.Subsets!.Single();
        (subset.Addresses!.Count, subset.NotReadyAddresses!.Count, decision.Endpoints.Metadata.Annotations!["endpoints.kubernetes.io/over-capacity"]).ShouldBe((950, 50, "truncated"));
        Created(decision).Select(s => s.Endpoints!.Count).ShouldBe([100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 50]);
    }

    [Fact]
    public void New_endpoints_fill_the_slice_that_changes_anyway_and_nothing_moves()
    {
        var service = Service(Port(80));
        EndpointSlice[] slices = [.. Created(Next(service, [.. Enumerable.Range(1, 150).Select(n => Pod(n))])).Select((s, i) => Named(s, $"web-{i}"))];
        // One of the full slice goes, two come.
        Pod[] pods = [.. Enumerable.Range(1, 152).Where(n => n != 7).Select(n => Pod(n))];
        var actions = EndpointsPlan.Next(Observed(service, pods, null, slices)).Slices;
        actions.OfType<SliceAction.Create>().ShouldBeEmpty();
        foreach (var action in actions.Cast<SliceAction.Update>())
        {
            var before = slices.Single(s => s.Metadata.Name == action.Slice.Metadata.Name).Endpoints!.Select(e => e.TargetRef!.Name).ToList();
            before.Except(action.Slice.Endpoints!.Select(e => e.TargetRef!.Name)).Except(["p-7"]).ShouldBeEmpty();
            action.Slice.Endpoints!.Count.ShouldBeLessThanOrEqualTo(100);
        }
    }

    [Fact]
    public void Slices_of_a_service_of_the_same_name_that_is_gone_are_replaced()
    {
        var old = Named(Created(Next(Service(Port(80)), [Pod(1)])).Single(), "web-old");
        var again = Service(Port(80));
        again.Metadata.UID = "another";
        var actions = EndpointsPlan.Next(Observed(again, [Pod(1)], null, old)).Slices;
        actions.OfType<SliceAction.Delete>().Single().Slice.Metadata.Name.ShouldBe("web-old");
        actions.OfType<SliceAction.Create>().Single().Slice.Metadata.OwnerReferences!.Single().UID.ShouldBe("another");
    }

    [Fact]
    public void A_slice_that_would_go_is_written_anew_instead_of_another_one_being_made()
    {
        var service = Service(NamedPort("http"));
        var placeholder = Named(Created(Next(service, [])).Single(), "web-0");
        var first = EndpointsPlan.Next(Observed(service, [Pod(1, named: 8080)], null, placeholder)).Slices.ShouldHaveSingleItem().ShouldBeOfType<SliceAction.Update>().Slice;
        (first.Metadata.Name, first.Endpoints!.Count, first.Ports!.Single().Port).ShouldBe(("web-0", 1, 8080));
        var other = EndpointsPlan.Next(Observed(service, [Pod(1, named: 9090)], null, first)).Slices.ShouldHaveSingleItem().ShouldBeOfType<SliceAction.Update>().Slice;
        (other.Metadata.Name, other.Ports!.Single().Port).ShouldBe(("web-0", 9090));
    }

    [Fact]
    public void A_service_that_waits_for_its_slices_to_go_makes_none()
    {
        var service = Service(Port(80));
        service.Metadata.DeletionTimestamp = Start;
        Next(service, [Pod(1)]).Slices.ShouldBeEmpty();
    }

    [Fact]
    public void Endpoints_that_somebody_wrote_are_mirrored_and_follow_their_wish_not_to_be()
    {
        var service = Service(Port(80));
        service.Spec.Selector = null;
        var written = new CoreEndpoints
        {
            Metadata = new() { Name = "web", UID = "endpoints", Labels = new() { ["by"] = "hand" }, Annotations = new() { ["kubectl.kubernetes.io/last-applied-configuration"] = "{}", ["why"] = "test" } },
            Subsets = [new() { Addresses = [new() { IP = "192.0.2.1" }, new() { IP = "2001:db8::1" }], NotReadyAddresses = [new() { IP = "192.0.2.2" }], Ports = [new() { Name = "p", Port = 80, Protocol = "TCP" }] }],
        };
        var decision = EndpointsPlan.Next(Observed(service, [], written));
        decision.Endpoints.ShouldBeNull();
        var slices = Created(decision).OrderBy(s => s.AddressType, StringComparer.Ordinal).ToList();
        slices.Select(s => (s.AddressType, string.Join(' ', s.Endpoints!.Select(e => $"{e.Addresses![0]}={e.Conditions.Ready}")))).ShouldBe([("IPv4", "192.0.2.1=True 192.0.2.2=False"), ("IPv6", "2001:db8::1=True")]);
        slices[0].Metadata.Labels!["endpointslice.kubernetes.io/managed-by"].ShouldBe("endpointslicemirroring-controller.k8s.io");
        slices[0].Metadata.Annotations.ShouldBe(new Dictionary<string, string> { ["why"] = "test" });
        slices[0].Metadata.OwnerReferences!.Single().Kind.ShouldBe("Endpoints");

        EndpointSlice[] stored = [Named(slices[0], "web-1"), Named(slices[1], "web-2")];
        EndpointsPlan.Next(Observed(service, [], written, stored)).Slices.ShouldBeEmpty();
        written.Metadata.Labels["endpointslice.kubernetes.io/skip-mirror"] = "true";
        EndpointsPlan.Next(Observed(service, [], written, stored)).Slices.ShouldAllBe(a => a is SliceAction.Delete);
    }

    [Fact]
    public void Slices_that_others_made_are_left_alone()
    {
        var foreign = new EndpointSlice { Metadata = new() { Name = "mine", Labels = new() { ["kubernetes.io/service-name"] = "web" } }, AddressType = "IPv4" };
        Created(EndpointsPlan.Next(Observed(Service(Port(80)), [Pod(1)], null, foreign))).Count.ShouldBe(1);
    }

    private static EndpointsDecision Next(Service service, Pod[] pods) => EndpointsPlan.Next(Observed(service, pods, null));

    /// <summary>The decision once the first one has been stored.</summary>
    private static EndpointsDecision Settled(Service service, Pod[] pods)
    {
        var first = Next(service, pods);
        return EndpointsPlan.Next(Observed(service, pods, TypedJson.Clone(first.Endpoints!), [.. Created(first).Select((s, i) => Named(TypedJson.Clone(s), $"web-{i}"))]));
    }

    private static ObservedService Observed(Service service, Pod[] pods, CoreEndpoints? endpoints, params EndpointSlice[] slices) => new(service, pods, _ => "z1", endpoints, slices);

    private static List<EndpointSlice> Created(EndpointsDecision decision) => [.. decision.Slices.OfType<SliceAction.Create>().Select(c => c.Slice)];

    private static EndpointSlice Named(EndpointSlice slice, string name)
    {
        slice.Metadata.Name = name;
        return slice;
    }
}
