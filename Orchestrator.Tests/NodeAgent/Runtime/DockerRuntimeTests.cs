using Orchestrator.NodeAgent.Network;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Runtime;

[Trait("Needs", "docker")]
[Collection(DockerTestEngine.Collection)]
public sealed class DockerRuntimeTests(DockerTestEngine engine)
{
    [Fact]
    public async Task A_container_runs_in_its_sandbox_with_its_host_name_and_address()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var sandbox = await node.RunSandboxAsync("web-0");
        var container = await node.RunAsync(sandbox, "sleep", "1000");

        (await node.ShellAsync(container, "hostname")).ShouldBe("web-0");
        (await node.ShellAsync(container, "ip -4 addr show eth0")).ShouldContain(sandbox.Ip + "/26");
        (await node.ShellAsync(container, "ip route")).ShouldContain($"default via {node.Runtime.Network.Gateway} dev eth0");
        (await node.ShellAsync(container, "ip link show lo")).ShouldContain("UP");
        sandbox.Pid.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task The_list_has_sandboxes_and_containers_with_what_labels_and_engine_know()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var sandbox = await node.RunSandboxAsync();
        var ended = await node.EndOfAsync(await node.RunAsync(sandbox, "sh", "-c", "exit 7"));

        var all = await node.Runtime.ListAsync(node.Cancel);

        all.Count.ShouldBe(2);
        var listed = all.Single(c => c.Id == ended.Id);
        listed.ShouldSatisfyAllConditions(
            c => c.Phase.ShouldBe(ContainerPhase.Exited),
            c => c.ExitCode.ShouldBe(7),
            c => c.Image.ShouldBe(engine.Image),
            c => c.ImageId.ShouldStartWith("sha256:"),
            c => c.Labels["test"].ShouldBe("yes"),
            c => c.Labels[DockerLabels.Sandbox].ShouldBe(sandbox.Id),
            c => c.FinishedAt.ShouldNotBeNull(),
            c => c.FinishedAt!.Value.ShouldBeGreaterThanOrEqualTo(c.StartedAt!.Value));
        var pod = all.Single(c => c.Id == sandbox.Id);
        pod.Ip.ShouldBe(sandbox.Ip);
        pod.Pid.ShouldBe(sandbox.Pid);
        pod.FinishedAt.ShouldBeNull();
    }

    [Fact]
    public async Task Another_node_of_the_cluster_does_not_list_this_nodes_containers()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        await node.RunSandboxAsync();
        (await node.AddRuntime("node-b").ListAsync(node.Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Command_arguments_environment_user_mounts_and_limits_reach_the_container()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var directory = Directory.CreateTempSubdirectory("orchestrator-mount");
        try
        {
            directory.UnixFileMode |= UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "hello"), "from the host");
            var sandbox = await node.RunSandboxAsync();
            var container = await node.RunAsync(node.Container(sandbox, "sleep") with
            {
                Args = ["1000"],
                Env = ["GREETING=hello world"],
                User = "1234:5678",
                Groups = ["42"],
                WorkingDir = "/tmp",
                Mounts = [new MountSpec(directory.FullName, "/data", true, "private")],
                CpuRequestMillis = 250,
                CpuLimitMillis = 500,
                MemoryLimitBytes = 64 << 20,
                ReadOnlyRootFilesystem = true,
                OomScoreAdj = 999,
                CapDrop = ["ALL"],
                NoNewPrivileges = true,
            });

            (await node.ShellAsync(container, "echo $GREETING; pwd; cat /data/hello")).ShouldBe("hello world\n/tmp\nfrom the host");
            (await node.ShellAsync(container, "id")).ShouldBe("uid=1234 gid=5678 groups=42,5678");
            (await node.ShellAsync(container, "touch /data/x 2>&1 || touch /x 2>&1 || true")).ShouldContain("Read-only file system");
            (await node.ShellAsync(container, "cat /proc/1/oom_score_adj")).ShouldBe("999");
            (await node.ShellAsync(container, "grep -E 'CapEff|NoNewPrivs' /proc/1/status")).ShouldBe("CapEff:\t0000000000000000\nNoNewPrivs:\t1");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Containers_that_share_the_process_namespace_see_each_other_and_the_sandbox_reaps_orphans()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var sandbox = await node.Runtime.RunSandboxAsync(node.Sandbox() with { ShareProcessNamespace = true }, node.Cancel);
        var container = await node.RunAsync(node.Container(sandbox, "sleep", "1000") with { ShareProcessNamespace = true });

        (await node.ShellAsync(container, "cat /proc/1/cmdline")).ShouldStartWith("/pause");
        // The middle process leaves a child to process 1, which must not stay a zombie when it ends.
        await node.ShellAsync(container, "sh -c 'sleep 0.05 & true' ");
        await node.EventuallyAsync(async () => !(await node.ShellAsync(container, "ps -o stat,comm")).Split('\n').Any(l => l.StartsWith('Z')));
        (await node.ShellAsync(container, "ps -o comm")).ShouldContain("pause");
    }

    [Fact]
    public async Task The_sandbox_ends_on_SIGTERM_at_once()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var sandbox = await node.RunSandboxAsync();
        await node.Runtime.StopContainerAsync(sandbox.Id, TimeSpan.FromSeconds(50), node.Cancel);
        (await node.EndOfAsync(sandbox.Id)).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_container_that_ignores_SIGTERM_is_killed_after_its_grace()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var sandbox = await node.RunSandboxAsync();
        var container = await node.RunAsync(sandbox, "sh", "-c", "trap '' TERM; while true; do sleep 1; done");
        await node.Runtime.StopContainerAsync(container, TimeSpan.FromSeconds(1), node.Cancel);
        (await node.Runtime.InspectAsync(container, node.Cancel))!.ExitCode.ShouldBe(137);
    }

    [Fact]
    public async Task A_command_that_does_not_exist_is_refused_in_the_engines_words()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var container = await node.Runtime.CreateContainerAsync(node.Container(await node.RunSandboxAsync(), "/no/such/program"), node.Cancel);
        var refused = await Should.ThrowAsync<RuntimeException>(() => node.Runtime.StartContainerAsync(container, node.Cancel));
        refused.Message.ShouldContain("/no/such/program");
        (await node.Runtime.InspectAsync(container, node.Cancel))!.ExitCode.ShouldBe(127);
    }

    [Fact]
    public async Task Creating_from_an_image_that_is_not_there_is_a_404()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var spec = node.Container(await node.RunSandboxAsync(), "true") with { Image = "orchestrator-test/absent:1" };
        (await Should.ThrowAsync<RuntimeException>(() => node.Runtime.CreateContainerAsync(spec, node.Cancel))).Code.ShouldBe(404);
    }

    [Fact]
    public async Task Repeated_calls_do_no_harm()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var spec = node.Sandbox();
        var lost = await node.Runtime.RunSandboxAsync(spec, node.Cancel);
        var sandbox = await node.Runtime.RunSandboxAsync(spec, node.Cancel);
        sandbox.Id.ShouldNotBe(lost.Id);

        var container = node.Container(sandbox, "sleep", "1000");
        var first = await node.RunAsync(container);
        (await node.Runtime.CreateContainerAsync(container, node.Cancel)).ShouldBe(first);
        await node.Runtime.StartContainerAsync(first, node.Cancel);
        (await node.Runtime.ListAsync(node.Cancel)).Count.ShouldBe(2);

        await node.Runtime.StopContainerAsync(first, TimeSpan.Zero, node.Cancel);
        await node.Runtime.StopContainerAsync(first, TimeSpan.Zero, node.Cancel);
        await node.Runtime.RemoveContainerAsync(first, node.Cancel);
        await node.Runtime.RemoveContainerAsync(first, node.Cancel);
        await node.Runtime.StopContainerAsync(first, TimeSpan.Zero, node.Cancel);
        await node.Runtime.RemoveSandboxAsync(sandbox.Id, node.Cancel);
        await node.Runtime.RemoveSandboxAsync(sandbox.Id, node.Cancel);
        (await node.Runtime.ListAsync(node.Cancel)).ShouldBeEmpty();
        (await node.Runtime.InspectAsync(first, node.Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task The_pods_cgroup_is_the_containers_parent_and_goes_with_the_sandbox()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var cgroup = $"/kubepods-{node.ClusterId}/burstable/pod{Guid.NewGuid()}";
        var sandbox = await node.Runtime.RunSandboxAsync(node.Sandbox() with { CgroupParent = cgroup }, node.Cancel);
        var container = await node.RunAsync(sandbox, "sleep", "1000");
        var pid = (await node.Runtime.InspectAsync(container, node.Cancel))!.Pid;
        (await File.ReadAllTextAsync($"/proc/{pid}/cgroup", node.Cancel)).ShouldContain($"{cgroup}/{container}");

        await node.Runtime.StopContainerAsync(container, TimeSpan.Zero, node.Cancel);
        await node.Runtime.RemoveContainerAsync(container, node.Cancel);
        await node.Runtime.RemoveSandboxAsync(sandbox.Id, node.Cancel);
        await node.EventuallyAsync(() =>
        {
            CgroupTree.Remove(cgroup);
            return Task.FromResult(!Directory.Exists("/sys/fs/cgroup/memory" + cgroup) && !Directory.Exists("/sys/fs/cgroup" + cgroup));
        });
        CgroupTree.Remove($"/kubepods-{node.ClusterId}/burstable");
        CgroupTree.Remove($"/kubepods-{node.ClusterId}");
    }

    [Fact]
    public async Task A_pod_on_the_host_network_has_the_hosts_interfaces_and_no_address_of_its_own()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var sandbox = await node.Runtime.RunSandboxAsync(node.Sandbox() with { HostNetwork = true, HostPid = true, HostIpc = true }, node.Cancel);
        sandbox.Ip.ShouldBeNull();
        var container = await node.RunAsync(node.Container(sandbox, "sleep", "1000") with { HostPid = true });
        (await node.ShellAsync(container, "ip link")).ShouldContain(node.Runtime.Network.Bridge);
        (await node.ShellAsync(container, "ps -o comm")).ShouldContain("dockerd");
    }

    [Fact]
    public async Task Use_of_cpu_and_memory_is_told_per_container()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var sandbox = await node.RunSandboxAsync();
        var container = await node.RunAsync(sandbox, "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000");
        await node.EventuallyAsync(async () =>
        {
            var usage = await node.Runtime.UsageAsync(node.Cancel);
            usage.Count.ShouldBe(2);
            return usage.Single(u => u.ContainerId == container) is { Own: { CpuNanoseconds: > 1_000_000, WorkingSetBytes: > 0 }, StartedAt: not null }
                && usage.Single(u => u.ContainerId != container) is { Interfaces.Count: 1 };
        });
    }

    [Fact]
    public async Task An_engine_that_is_not_there_is_unavailable_and_says_where()
    {
        var options = new DockerOptions { ClusterId = "c", NodeName = "n", ClusterCidr = "10.0.0.0/16", SocketPath = "/nonexistent/docker.sock" };
        await using var runtime = DockerRuntime.Create(options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        (await Should.ThrowAsync<RuntimeUnavailableException>(() => runtime.InfoAsync(CancellationToken.None))).Message.ShouldContain("/nonexistent/docker.sock");
        await Should.ThrowAsync<RuntimeUnavailableException>(async () =>
        {
            await foreach (var _ in runtime.WatchAsync(CancellationToken.None))
            {
            }
        });
    }

    [Fact]
    public async Task The_engine_tells_what_machine_it_is()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var info = await node.Runtime.InfoAsync(node.Cancel);
        info.Name.ShouldBe("docker");
        info.Architecture.ShouldBeOneOf("amd64", "arm64");
        info.Cpus.ShouldBe(Environment.ProcessorCount);
        info.MemoryBytes.ShouldBeGreaterThan(1 << 28);
        Version.Parse(info.Version.Split('+', '-')[0]).ShouldBeGreaterThanOrEqualTo(new Version(20, 10));
    }
}
