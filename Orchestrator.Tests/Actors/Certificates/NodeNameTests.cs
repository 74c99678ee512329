using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Certificates;
using Orchestrator.Actors.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Joining;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Certificates.V1;
using Orchestrator.TestKit;
using Orchestrator.Tests.Actors.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Certificates;

/// <summary>Whom a name belongs to: machines that ask for a node's certificate with a bootstrap token. In virtual time.</summary>
public sealed class NodeNameTests : IAsyncLifetime
{
    private readonly VirtualTime _time = new();
    private ControlPlaneHarness _plane = null!;

    public async Task InitializeAsync()
    {
        _plane = await ControlPlaneHarness.StartAsync(time: _time, options: new ControlPlaneOptions { CertificateSigner = new Signer() });
        _time.Advance(TimeSpan.FromSeconds(2));
    }

    public async Task DisposeAsync() => await _plane.DisposeAsync();

    [Fact]
    public async Task Of_machines_that_join_under_one_name_at_once_one_is_let_in_and_the_others_are_told()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => AskAsync($"csr-{i}", "worker")));
        await AskAsync("other", "another-name");
        _time.Settle();

        var answers = Enumerable.Range(0, 4).Select(i => Answer($"csr-{i}")).ToList();
        answers.Count(a => a == "issued").ShouldBe(1);
        answers.Count(a => a == "NodeNameReserved: another machine is joining as node worker at this moment").ShouldBe(3);
        Answer("other").ShouldBe("issued");
    }

    [Fact]
    public async Task A_machine_that_was_reset_joins_again_when_its_node_is_gone_or_not_alive()
    {
        await AskAsync("first", "worker");
        Answer("first").ShouldBe("issued");
        await AskAsync("too-soon", "worker");
        Answer("too-soon").ShouldStartWith("NodeNameReserved");
        _time.Advance(TimeSpan.FromMinutes(1));
        await AskAsync("never-registered", "worker");
        Answer("never-registered").ShouldBe("issued");

        _time.Advance(TimeSpan.FromMinutes(1));
        await RegisterAsync();
        await AskAsync("alive", "worker");
        Answer("alive").ShouldBe("NodeNameTaken: node worker is in the cluster already, and ready");

        _time.Advance(TimeSpan.FromSeconds(11));
        await AskAsync("dead", "worker");
        Answer("dead").ShouldBe("issued");
    }

    private async Task AskAsync(string name, string node)
    {
        using var request = new NodeCertificateRequest(node);
        var json = new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(request.Pem)),
                ["signerName"] = SignerNames.KubeletClient,
                ["usages"] = new JsonArray("digital signature", "client auth"),
                ["username"] = "system:bootstrap:abcdef",
                ["groups"] = new JsonArray(SigningRules.Bootstrappers, "system:authenticated"),
            },
        };
        (await _plane.CreateAsync("certificatesigningrequests.certificates.k8s.io", json.ToJsonString(), "")).ShouldBeOfType<ResourceWritten>();
        _time.Settle();
    }

    private string Answer(string name)
    {
        var status = _plane.Cache.Get(new ResourceKey("certificatesigningrequests.certificates.k8s.io", "", name))!.Read<CertificateSigningRequest>().Status;
        return status.Certificate is { Length: > 0 } ? "issued" : string.Join(' ', (status.Conditions ?? []).Select(c => $"{c.Reason}: {c.Message}"));
    }

    private async Task RegisterAsync() => (await _plane.Plane.Services.Region.Ask<object>(new ToEntity(new ResourceKey("nodes", "", "worker"), new RegisterNode(Encoding.UTF8.GetBytes(
        """{"apiVersion":"v1","kind":"Node","metadata":{"name":"worker"},"status":{"conditions":[{"type":"Ready","status":"True","reason":"AgentReady","message":""}]}}"""))), TimeSpan.FromSeconds(20)))
        .ShouldBeOfType<NodeRegistered>();

    private sealed class Signer : ICertificateSigner
    {
        public string Sign(RequestedCertificate requested, IReadOnlyCollection<string> usages, TimeSpan? lifetime) => "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    }
}
