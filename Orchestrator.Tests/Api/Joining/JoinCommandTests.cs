using Orchestrator.Api.Commands;
using Orchestrator.Api.Security;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Joining;

public sealed class JoinCommandTests
{
    [Fact]
    public async Task The_command_that_token_create_prints_makes_a_node_until_it_is_stopped()
    {
        await using var cluster = await RemoteClusterFixture.StartAsync();
        var directory = new ClusterDirectory(cluster.Directory);
        Kubeconfig.Write(directory.Kubeconfig, cluster.Api.Address, "test", cluster.Authority, cluster.Pki.Admin);
        var output = new StringWriter();
        var tokens = new TokenCommand(new Progress(TextWriter.Null, false), output, TimeProvider.System);
        await tokens.CreateAsync(directory, TimeSpan.FromHours(2), false, CancellationToken.None);
        var printed = output.ToString().Trim().Split(' ');
        printed[..2].ShouldBe(["orchestrator", "agent"]);
        printed[3].ShouldEndWith($":{cluster.Api.Address.Port}");

        var told = new StringWriter();
        using var stop = new CancellationTokenSource();
        // The member of this test listens on loopback only.
        var options = new AgentOptions(Path.Combine(cluster.Directory, "agent"), cluster.Api.Address.Authority, Value("--token"), Value("--ca-hash"), "worker-1", null, Simulated: true, Drain: false);
        var agent = new AgentCommand(new Progress(TextWriter.Synchronized(told), false), TimeProvider.System).RunAsync(options, stop.Token);
        await Task.WhenAny(agent, cluster.UntilAsync(() => cluster.IsReady("worker-1")));
        agent.IsCompleted.ShouldBeFalse(agent.Exception?.ToString());
        (await Should.ThrowAsync<CommandFailure>(() => new AgentCommand(new Progress(TextWriter.Null, false), TimeProvider.System)
            .RunAsync(options with { Data = Path.Combine(cluster.Directory, "second"), Token = null }, CancellationToken.None))).Message.ShouldContain("--join, --token and --ca-hash are needed");
        await stop.CancelAsync();
        await agent;
        told.ToString().ShouldContain("node worker-1 is connected");
        await cluster.UntilAsync(() => !cluster.IsReady("worker-1"));

        output.GetStringBuilder().Clear();
        await tokens.ListAsync(directory, CancellationToken.None);
        var id = Value("--token").Split('.')[0];
        output.ToString().ShouldContain(id);
        output.ToString().ShouldNotContain(Value("--token").Split('.')[1]);
        await tokens.DeleteAsync(directory, id, CancellationToken.None);
        output.GetStringBuilder().Clear();
        await tokens.ListAsync(directory, CancellationToken.None);
        output.ToString().ShouldNotContain(id);

        string Value(string option) => printed[Array.IndexOf(printed, option) + 1];
    }
}
