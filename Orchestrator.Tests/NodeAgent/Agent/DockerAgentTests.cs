using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.NodeAgent.Runtime;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Agent;

[Collection(DockerTestEngine.Collection)]
public sealed class DockerAgentTests(DockerTestEngine engine) : DockerAgentTest(engine)
{
    [Fact]
    public async Task A_pod_with_config_runs_survives_the_agent_and_is_restarted_after_a_kill()
    {
        Fixture.PutConfigMap("settings", ("greeting", "hello"));
        var pod = Shell(("main", "cat /config/greeting > /work/out; trap 'exit 0' TERM; while true; do sleep 1; done"));
        var container = pod.Spec.Containers![0];
        container.Env = [new EnvVar { Name = "POD_IP", ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { FieldPath = "status.podIP" } } }];
        container.VolumeMounts = [new VolumeMount { Name = "config", MountPath = "/config" }, new VolumeMount { Name = "work", MountPath = "/work" }];
        container.ReadinessProbe = new Probe { Exec = new ExecAction { Command = ["sh", "-c", "test \"$(cat /work/out)\" = hello -a -n \"$POD_IP\""] }, PeriodSeconds = 1, TimeoutSeconds = 5, FailureThreshold = 1, SuccessThreshold = 1 };
        pod.Spec.Volumes = [new Volume { Name = "config", ConfigMap = new ConfigMapVolumeSource { Name = "settings" } }, new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() }];
        Fixture.Put(pod);
        Until(pod, s => s.ContainerStatuses![0].Ready);
        Fixture.Status(pod)!.PodIP.ShouldStartWith("10.189.");
        var id = Fixture.Status(pod)!.ContainerStatuses![0].ContainerID;

        await Fixture.Agent!.StopAsync();
        Fixture.Put(pod);
        Fixture.Start();
        AwaitCondition(() => Fixture.NodeStatus?.Conditions?.Single(c => c.Type == "Ready").Status == "True", TimeSpan.FromSeconds(20));
        await Runtime.StopContainerAsync(id["docker://".Length..], TimeSpan.Zero, CancellationToken.None);
        Until(pod, s => s.ContainerStatuses![0] is { RestartCount: 1, Ready: true });
        Fixture.Status(pod)!.ContainerStatuses![0].LastTerminationState.Terminated!.ContainerID.ShouldBe(id);

        Delete(pod);
        (await Runtime.ListAsync(CancellationToken.None)).ShouldBeEmpty();
        Directory.Exists(Path.Combine(Fixture.DataDirectory, "nodes/node-1/pods", pod.Metadata.UID)).ShouldBeFalse();
    }

    [Fact]
    public async Task Http_and_tcp_probes_and_both_hooks_reach_the_container()
    {
        var outside = Path.Combine(Fixture.DataDirectory, "outside");
        Directory.CreateDirectory(outside);
        var pod = Shell(("web", "httpd -f -p 8080 -h /work"), ("echo", "httpd -f -p 8081 -h /work"), ("deaf", "sleep 1000"));
        var (web, echo, deaf) = (pod.Spec.Containers![0], pod.Spec.Containers[1], pod.Spec.Containers[2]);
        pod.Spec.Volumes = [new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() }, new Volume { Name = "outside", HostPath = new HostPathVolumeSource { Path = outside } }];
        foreach (var container in pod.Spec.Containers) container.VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/work" }, new VolumeMount { Name = "outside", MountPath = "/outside" }];
        web.Ports = [new ContainerPort { Name = "http", ContainerPortValue = 8080 }];
        web.ReadinessProbe = Every(1, new Probe { HTTPGet = new HTTPGetAction { Path = "/index.html", Port = "http", Scheme = "HTTP" } });
        web.Lifecycle = new Lifecycle
        {
            PostStart = new LifecycleHandler { Exec = new ExecAction { Command = ["sh", "-c", "echo up > /work/index.html"] } },
            PreStop = new LifecycleHandler { Exec = new ExecAction { Command = ["sh", "-c", "echo stopping > /outside/pre-stop"] } },
        };
        echo.ReadinessProbe = Every(1, new Probe { TCPSocket = new TCPSocketAction { Port = 8081 } });
        deaf.ReadinessProbe = Every(1, new Probe { TCPSocket = new TCPSocketAction { Port = 9 } });
        Fixture.Put(pod);
        Until(pod, s => s.ContainerStatuses!.Count(c => c.Ready) == 2 && Fixture.Events.Any(e => e.Reason == "Unhealthy" && e.FieldPath == "spec.containers{deaf}"));
        var status = Fixture.Status(pod)!;
        status.ContainerStatuses!.Single(c => !c.Ready).Name.ShouldBe("deaf");
        status.Conditions!.Single(c => c.Type == "Ready").Message.ShouldBe("containers with unready status: [deaf]");
        Fixture.Events.First(e => e.FieldPath == "spec.containers{deaf}" && e.Reason == "Unhealthy").Message.ShouldBe($"Readiness probe failed: dial tcp {status.PodIP}:9: connect: connection refused");
        Delete(pod);
        (await File.ReadAllTextAsync(Path.Combine(outside, "pre-stop"))).ShouldBe("stopping\n");
    }

    [Fact]
    public async Task Volumes_of_every_kind_and_the_files_of_name_resolution_show_what_they_should()
    {
        Fixture.PutConfigMap("settings", ("colour", "blue"), ("shape", "round"));
        Fixture.PutSecret("keys", ("password", "s3cret"));
        var pod = Shell(("main", "trap 'exit 0' TERM; while true; do sleep 0.2; done"));
        pod.Metadata.Labels = new Dictionary<string, string> { ["app"] = "shop" };
        pod.Spec.Hostname = "counter";
        pod.Spec.HostAliases = [new HostAlias { IP = "10.1.2.3", Hostnames = ["ledger", "ledger.example"] }];
        pod.Spec.DNSPolicy = "None";
        pod.Spec.DNSConfig = new PodDNSConfig { Nameservers = ["10.9.8.7"], Searches = ["shop.example"], Options = [new PodDNSConfigOption { Name = "ndots", Value = "2" }] };
        var container = pod.Spec.Containers![0];
        container.Env = [new EnvVar { Name = "WHO", ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { FieldPath = "metadata.name" } } }];
        container.Resources = new ResourceRequirements { Limits = new() { ["memory"] = Quantity("64Mi") }, Requests = new() { ["memory"] = Quantity("64Mi") } };
        var labels = new DownwardAPIVolumeFile { Path = "labels", FieldRef = new ObjectFieldSelector { FieldPath = "metadata.labels" } };
        pod.Spec.Volumes =
        [
            new Volume { Name = "secret", Secret = new SecretVolumeSource { SecretName = "keys", DefaultMode = 0x100, Items = [new KeyToPath { Key = "password", Path = "deep/pw" }] } },
            new Volume { Name = "all", Projected = new ProjectedVolumeSource { DefaultMode = 0x1A4, Sources =
            [
                new VolumeProjection { ConfigMap = new ConfigMapProjection { Name = "settings" } },
                new VolumeProjection { Secret = new SecretProjection { Name = "keys" } },
                new VolumeProjection { DownwardAPI = new DownwardAPIProjection { Items = [labels] } },
                new VolumeProjection { ServiceAccountToken = new ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = 3600 } },
            ] } },
            new Volume { Name = "about", DownwardAPI = new DownwardAPIVolumeSource { DefaultMode = 0x1A4, Items =
                [labels, new DownwardAPIVolumeFile { Path = "memory", ResourceFieldRef = new ResourceFieldSelector { ContainerName = "main", Resource = "limits.memory", Divisor = Quantity("1Mi") } }] } },
            new Volume { Name = "map", ConfigMap = new ConfigMapVolumeSource { Name = "settings", DefaultMode = 0x1A4 } },
            new Volume { Name = "fast", EmptyDir = new EmptyDirVolumeSource { Medium = "Memory", SizeLimit = Quantity("8Mi") } },
            new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() },
        ];
        container.VolumeMounts =
        [
            new VolumeMount { Name = "secret", MountPath = "/secret" }, new VolumeMount { Name = "all", MountPath = "/all" }, new VolumeMount { Name = "about", MountPath = "/about" },
            new VolumeMount { Name = "map", MountPath = "/one/colour", SubPath = "colour" }, new VolumeMount { Name = "fast", MountPath = "/fast" },
            new VolumeMount { Name = "work", MountPath = "/work" }, new VolumeMount { Name = "work", MountPath = "/mine", SubPathExpr = "of-$(WHO)" },
        ];
        Fixture.Put(pod);
        Until(pod, s => s.ContainerStatuses![0].Ready);

        (await ExecAsync(pod, "main", "cat /secret/deep/pw")).ShouldBe("s3cret");
        (await ExecAsync(pod, "main", "ls -lL /secret/deep/pw")).ShouldStartWith("-r--------");
        (await ExecAsync(pod, "main", "cd /all; cat colour shape password token labels")).ShouldBe("blueround" + "s3cret" + "token" + "app=\"shop\"");
        (await ExecAsync(pod, "main", "cd /about; cat labels; echo; cat memory")).ShouldBe("app=\"shop\"\n64");
        (await ExecAsync(pod, "main", "cat /one/colour; ls /one")).ShouldBe("bluecolour\n");
        (await ExecAsync(pod, "main", "grep ' /fast ' /proc/mounts")).ShouldContain("tmpfs /fast tmpfs rw");
        (await ExecAsync(pod, "main", "grep ' /fast ' /proc/mounts")).ShouldContain("size=8192k");
        (await ExecAsync(pod, "main", "echo x > /mine/file; cat /work/of-$WHO/file")).ShouldBe("x\n");
        (await ExecAsync(pod, "main", "touch /all/x 2>/dev/null || echo read-only")).ShouldBe("read-only\n");
        (await ExecAsync(pod, "main", "hostname")).ShouldBe("counter\n");
        var hosts = await ExecAsync(pod, "main", "cat /etc/hosts");
        hosts.ShouldStartWith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n");
        hosts.ShouldContain($"{Fixture.Status(pod)!.PodIP}\tcounter\n");
        hosts.ShouldContain("10.1.2.3\tledger\tledger.example\n");
        (await ExecAsync(pod, "main", "cat /etc/resolv.conf")).ShouldBe("nameserver 10.9.8.7\nsearch shop.example\noptions ndots:2\n");

        Fixture.PutConfigMap("settings", ("colour", "green"), ("shape", "round"));
        await ExecAsync(pod, "main", "while test \"$(cat /all/colour)\" != green; do sleep 0.1; done");
        (await ExecAsync(pod, "main", "cat /one/colour")).ShouldBe("blue", "a sub-path stays as it was mounted");
        Delete(pod);
        File.ReadAllText("/proc/mounts").ShouldNotContain(pod.Metadata.UID);
        Directory.Exists(Path.Combine(Fixture.DataDirectory, "nodes/node-1/pods", pod.Metadata.UID)).ShouldBeFalse();
    }

    [Fact]
    public async Task Init_containers_run_in_order_and_ended_tries_leave_their_message_and_their_log()
    {
        var pod = Shell(("main", "cat /work/order; echo well > /work/state; echo asked to stop > /dev/termination-log; trap 'exit 3' TERM; while true; do sleep 0.2; done"), ("loud", "echo out of luck; exit 1"));
        pod.Spec.InitContainers = [ShellContainer("first", "sleep 0.5; echo one >> /work/order"), ShellContainer("second", "echo two >> /work/order")];
        pod.Spec.Volumes = [new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() }];
        foreach (var container in pod.Spec.InitContainers.Concat(pod.Spec.Containers!)) container.VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/work" }];
        pod.Spec.Containers![0].LivenessProbe = Every(1, new Probe { Exec = new ExecAction { Command = ["sh", "-c", "test \"$(cat /work/state)\" = well"] } });
        pod.Spec.Containers[1].TerminationMessagePolicy = "FallbackToLogsOnError";
        Fixture.Put(pod);
        Until(pod, s => s.ContainerStatuses!.Single(c => c.Name == "main").Ready);
        (await LogsAsync(pod, "main")).ShouldBe("one\ntwo\n");
        Fixture.Status(pod)!.InitContainerStatuses!.ShouldAllBe(c => c.Ready && c.State.Terminated!.Reason == "Completed");

        Until(pod, s => s.ContainerStatuses!.Single(c => c.Name == "loud") is { RestartCount: 1, State.Waiting.Reason: "CrashLoopBackOff" });
        var loud = Fixture.Status(pod)!.ContainerStatuses!.Single(c => c.Name == "loud");
        (loud.LastTerminationState.Terminated!.Message, loud.LastTerminationState.Terminated.ExitCode).ShouldBe(("out of luck\n", 1));
        (await LogsAsync(pod, "loud", previous: true)).ShouldBe("out of luck\n");
        (await Should.ThrowAsync<Orchestrator.Resources.Errors.StatusException>(() => LogsAsync(pod, "main", previous: true))).Message
            .ShouldContain($"previous terminated container \"main\" in pod \"{pod.Metadata.Name}\" not found");

        await ExecAsync(pod, "main", "echo sick > /work/state");
        Until(pod, s => s.ContainerStatuses!.Single(c => c.Name == "main") is { RestartCount: 1, Ready: true });
        var main = Fixture.Status(pod)!.ContainerStatuses!.Single(c => c.Name == "main");
        (main.LastTerminationState.Terminated!.ExitCode, main.LastTerminationState.Terminated.Message).ShouldBe((3, "asked to stop\n"));
        (await LogsAsync(pod, "main", previous: true)).ShouldBe("one\ntwo\n");
        Fixture.Events.ShouldContain(e => e.Reason == "Killing" && e.Message == "Container main failed liveness probe, will be restarted");
    }

    [Fact]
    public async Task Attach_talks_to_the_main_process_and_exec_tells_its_exit_code()
    {
        var pod = Shell(("main", "while read line; do echo got $line; done"));
        pod.Spec.Containers![0].Stdin = true;
        Fixture.Put(pod);
        Until(pod, s => s.ContainerStatuses![0].Ready);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var failing = new TestStream();
        await Fixture.Agent!.Streams.HandleAsync(new ExecRequest(Key(pod), pod.Metadata.UID, "main", ["sh", "-c", "echo oops >&2; exit 7"], false, true, true, false), failing, deadline.Token);
        failing.Text(StreamFrame.Stderr).ShouldBe("oops\n");
        failing.Text(StreamFrame.Error).ShouldContain("command terminated with non-zero exit code");

        var attached = new TestStream();
        var attach = Fixture.Agent.Streams.HandleAsync(new AttachRequest(Key(pod), pod.Metadata.UID, "main", true, true, true, false), attached, deadline.Token);
        attached.Send(StreamFrame.Stdin, "hello\n");
        AwaitAssert(() => attached.Text(StreamFrame.Stdout).ShouldBe("got hello\n"), TimeSpan.FromSeconds(20));
        await deadline.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(attach);
        (await LogsAsync(pod, "main")).ShouldBe("got hello\n");
    }

    private static Probe Every(int seconds, Probe probe)
    {
        (probe.PeriodSeconds, probe.TimeoutSeconds, probe.FailureThreshold, probe.SuccessThreshold) = (seconds, 5, 1, 1);
        return probe;
    }

    private static Orchestrator.Resources.Quantities.Quantity Quantity(string text) => Orchestrator.Resources.Quantities.Quantity.Parse(text);
}
