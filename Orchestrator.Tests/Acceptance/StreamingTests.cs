using Shouldly;

namespace Orchestrator.Tests.Acceptance;

/// <summary>exec and attach as users call them: over WebSocket (kubectl 1.32), and over SPDY/3.1 (1.20, and 1.32 told so).</summary>
[Collection(nameof(ClusterCollection))]
[Trait("Needs", "docker")]
public sealed class StreamingTests(ClusterFixture cluster)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Clients => new("1.32", ClusterFixture.OverSpdy, "1.20");

    [Theory, MemberData(nameof(Clients))]
    public async Task Exec_passes_input_output_errors_and_the_exit_code(string v)
    {
        var ns = await RunAsync(v, Manifests.Pod("{ns}", "shell", "sleep 1000"), "shell");
        (await cluster.KubectlAsync(v, $"-n {ns} exec shell -- echo hello")).Ok().ShouldBe("hello\n");
        (await cluster.KubectlAsync(v, $"-n {ns} exec -i shell -- cat", "through stdin")).Ok().ShouldBe("through stdin");
        var large = new string('x', 1 << 20);
        (await cluster.KubectlAsync(v, $"-n {ns} exec -i shell -- cat", large)).Ok().ShouldBe(large);
        var both = await cluster.KubectlAsync(v, $"-n {ns} exec shell -c main -- sh -c 'echo out; echo err >&2; exit 7'");
        (both.Output, both.ExitCode).ShouldBe(("out\n", 7));
        both.Errors.ShouldStartWith("err\n");
        both.Errors.ShouldContain("command terminated with exit code 7");
        var missing = await cluster.KubectlAsync(v, $"-n {ns} exec shell -c nosuch -- true");
        missing.ExitCode.ShouldBe(1);
        missing.Errors.ShouldContain("container nosuch is not valid for pod shell");
        (await cluster.KubectlAsync(v, $"-n {ns} exec shell -- nosuchprogram")).ExitCode.ShouldBeOneOf(1, 126, 127);
    }

    [Theory, MemberData(nameof(Clients))]
    public async Task Exec_on_a_terminal_is_one_for_the_command(string v)
    {
        var ns = await RunAsync(v, Manifests.Pod("{ns}", "shell", "sleep 1000"), "shell");
        (await cluster.KubectlOnTerminalAsync(v, $"-n {ns} exec -it shell -- tty")).Ok().ShouldContain("/dev/pts/");
        var session = await cluster.KubectlOnTerminalAsync(v, $"-n {ns} exec -it shell -- sh", "stty size; echo $((6 * 7)); exit 5\n");
        session.Output.ShouldContain("42");
        session.ExitCode.ShouldBe(5);
    }

    [Theory, MemberData(nameof(Clients))]
    public async Task Attach_shows_what_the_main_process_prints_until_it_ends(string v)
    {
        var ns = await RunAsync(v, Manifests.Pod("{ns}", "ticker", "until test -e /tmp/stop; do echo tick; sleep 0.1; done; echo last words", "Never"), "ticker");
        using var attach = cluster.StartKubectl(v, $"-n {ns} attach ticker");
        (await attach.StandardOutput.ReadLineAsync().WaitAsync(Patience, TimeProvider.System)).ShouldBe("tick");
        // The container may end, and take the command with it, between its deed and its exit.
        (await cluster.KubectlAsync(v, $"-n {ns} exec ticker -- touch /tmp/stop")).ExitCode.ShouldBeOneOf(0, 137);
        // How many ticks come in between is a matter of luck; nothing is missing at the end.
        (await attach.StandardOutput.ReadToEndAsync().WaitAsync(Patience, TimeProvider.System)).ShouldMatch(@"\A(tick\n)*last words\n\z");
        await attach.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        attach.ExitCode.ShouldBe(0);
    }

    [Theory, MemberData(nameof(Clients))]
    public async Task Attach_with_input_talks_to_the_main_process_and_its_end_is_told(string v)
    {
        var ns = await RunAsync(v, Interactive("reader", "while read line; do echo got $line; done; echo end of input", "stdin: true, stdinOnce: true"), "reader");
        (await cluster.KubectlAsync(v, $"-n {ns} attach -i reader", "one\ntwo\n")).Ok().ShouldContain("got one\ngot two\nend of input\n");
        await cluster.EventuallyAsync(v, $"-n {ns} get pod reader -o jsonpath={{.status.phase}}", o => o == "Succeeded");
    }

    [Theory, MemberData(nameof(Clients))]
    public async Task Attach_on_a_terminal_is_a_session_with_the_main_process(string v)
    {
        var ns = await RunAsync(v, Interactive("session", "tty; exec sh", "stdin: true, tty: true"), "session");
        var session = await cluster.KubectlOnTerminalAsync(v, $"-n {ns} attach -it session", "echo $((6 * 7)); exit 0\n");
        session.Ok().ShouldContain("42");
        await cluster.EventuallyAsync(v, $"-n {ns} get pod session -o jsonpath={{.status.phase}}", o => o == "Succeeded");
        (await cluster.KubectlAsync(v, $"-n {ns} logs session")).Ok().ShouldContain("/dev/pts/");
    }

    [Theory, MemberData(nameof(Clients))]
    public async Task A_pod_can_be_run_fed_and_removed_in_one_command(string v)
    {
        var ns = await cluster.NamespaceAsync("1.32");
        var run = await cluster.KubectlAsync(v, $"-n {ns} run once --image={ClusterFixture.Image} --image-pull-policy=IfNotPresent --restart=Never --rm -i --command -- sh -c 'read line; echo got $line'", "this\n");
        run.Ok().ShouldContain("got this");
        run.Output.ShouldContain("pod \"once\" deleted");
        (await cluster.KubectlAsync(v, $"-n {ns} get pods -o name")).Ok().ShouldBeEmpty();
    }

    /// <summary>Applies a manifest in a namespace of its own and waits until the pod is ready.</summary>
    private async Task<string> RunAsync(string v, string manifest, string pod)
    {
        var ns = await cluster.NamespaceAsync("1.32");
        (await cluster.KubectlAsync(v, "apply -f -", manifest.Replace("{ns}", ns))).Ok();
        (await cluster.KubectlAsync(v, $"-n {ns} wait --for=condition=Ready pod/{pod} --timeout=60s")).Ok();
        return ns;
    }

    private static string Interactive(string name, string shell, string fields) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, namespace: {ns} }
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 1
          containers:
          - {name: main, image: {{{ClusterFixture.Image}}}, imagePullPolicy: IfNotPresent, {{{fields}}}, command: [sh, -c, "{{{shell}}}"]}
        """;
}
