using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Validation;

/// <summary>What may not be stored of the kinds that drivers, ingress controllers and the server's own configuration use.</summary>
public class StorageAndFlowControlTests
{
    [Theory]
    [InlineData("ingressclasses.networking.k8s.io", """{"spec":{"controller":"nothing","parameters":{"scope":"Namespace","kind":"K"}}}""",
        "spec.controller: Invalid value: \"nothing\": must be a domain-prefixed path (such as \"acme.io/foo\")", "spec.parameters.name: Required value: name is required",
        "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'")]
    [InlineData("csidrivers.storage.k8s.io", """{"metadata":{"name":"Bad_Name"},"spec":{"tokenRequests":[{"audience":"a"},{"audience":"a","expirationSeconds":5}],"volumeLifecycleModes":["Never"]}}""",
        "metadata.name: Invalid value", "spec.tokenRequests[1].audience: Duplicate value: \"a\"", "spec.tokenRequests[1].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
        "spec.volumeLifecycleModes: Unsupported value: \"Never\"")]
    [InlineData("csinodes.storage.k8s.io", """{"spec":{"drivers":[{"name":"a","nodeID":"n"},{"name":"a","nodeID":""}]}}""", "spec.drivers[1].name: Duplicate value: \"a\"", "spec.drivers[1].nodeID: Required value")]
    [InlineData("volumeattachments.storage.k8s.io", """{"spec":{"attacher":"","source":{},"nodeName":"N!"}}""", "spec.attacher: Required value", "spec.source: Required value: must specify exactly one of", "spec.nodeName: Invalid value")]
    [InlineData("csistoragecapacities.storage.k8s.io", """{"storageClassName":"No!","capacity":"-1"}""", "storageClassName: Invalid value", "capacity: Invalid value: \"-1\": must be greater than or equal to 0")]
    [InlineData("flowschemas.flowcontrol.apiserver.k8s.io", """{"metadata":{"name":"x"},"spec":{"matchingPrecedence":1,"priorityLevelConfiguration":{},"rules":[{"subjects":[{"kind":"Robot"}]}]}}""",
        "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1", "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
        "spec.rules[0].subjects[0].kind: Unsupported value: \"Robot\"", "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty")]
    [InlineData("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", """{"metadata":{"name":"x"},"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":2,"handSize":3,"queueLengthLimit":0}}}}}""",
        "spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: 0: must be positive", "spec.limited.limitResponse.queuing.handSize: Invalid value: 3: should not be greater than queues (2)")]
    public void Wrong_objects_are_refused_in_upstreams_words(string resource, string json, params string[] expected)
    {
        var errors = new FieldErrors();
        KindCatalog.Default.Get(resource).Strategy.Validate(JsonNode.Parse(json)!.AsObject(), errors);
        var found = errors.Causes.Select(c => $"{c.Field}: {c.Message}").ToList();
        foreach (var one in expected) found.ShouldContain(f => f.StartsWith(one, StringComparison.Ordinal), string.Join("\n", found));
        found.Count.ShouldBe(expected.Length, string.Join("\n", found));
    }
}
