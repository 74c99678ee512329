using System.CommandLine;
using Orchestrator.Api.Commands;
using Orchestrator.Engine.Configuration;
using Orchestrator.Engine.Persistence.Sql;

var data = new Option<string>("--data") { Description = "Directory of the cluster", DefaultValueFactory = _ => ClusterDirectory.Default };
var port = new Option<int?>("--port") { Description = "HTTPS port of the API (6443 where no configuration says otherwise)" };
var nodes = new Option<int>("--nodes") { Description = "Number of nodes to run", DefaultValueFactory = _ => 1 };
var nodeName = new Option<string?>("--node-name") { Description = "Name of the first node (this machine's where no configuration says otherwise)" };
var config = new Option<string?>("--config") { Description = "Configuration file (HOCON), over the directory's own orchestrator.hocon; hocon/reference.hocon has every key" };
var members = new Option<int>("--members") { Description = "Control-plane members; from two on, processes of their own on a shared PostgreSQL database", DefaultValueFactory = _ => 1 };
var postgres = new Option<string?>("--postgres") { Description = "Connection string of that database (Npgsql's form); without it, one is started in the directory" };
members.Validators.Add(r => { if (r.GetValue(members) is < 1 or > 9) r.AddError("--members must be between 1 and 9"); });
var detach = new Option<bool>("--detach") { Description = "Return when the cluster is ready, and leave it running" };
port.Validators.Add(r => { if (r.GetValue(port) is < 1 or > 65535) r.AddError("--port must be between 1 and 65535"); });
nodes.Validators.Add(r => { if (r.GetValue(nodes) is < 0 or > 100) r.AddError("--nodes must be between 0 and 100"); });

var simulatedNodes = new Option<int>("--simulated-nodes") { Description = "Run so many nodes whose containers exist only in name, for tests of scale; no Docker is needed" };
simulatedNodes.Validators.Add(r => { if (r.GetValue(simulatedNodes) is < 0 or > 20_000) r.AddError("--simulated-nodes must be between 0 and 20000"); });

var up = new Command("up", "Start a cluster, or resume the one in the directory") { data, config, port, nodes, simulatedNodes, nodeName, members, postgres, detach };
up.SetAction((parsed, cancel) => RunAsync(() =>
{
    var options = new UpOptions(Path.GetFullPath(parsed.GetValue(data)!), parsed.GetValue(nodes), parsed.GetValue(port), parsed.GetValue(nodeName),
        parsed.GetValue(config) is { } file ? Path.GetFullPath(file) : null, parsed.GetValue(members), parsed.GetValue(postgres), parsed.GetValue(simulatedNodes));
    var command = new UpCommand(Progress.Terminal, TimeProvider.System);
    return parsed.GetValue(detach) ? command.RunDetachedAsync(options, cancel) : command.RunAsync(options, cancel);
}));
var down = new Command("down", "Stop the cluster and leave its containers running") { data };
down.SetAction((parsed, cancel) => RunAsync(() => new DownCommand(Progress.Terminal, TimeProvider.System).RunAsync(new ClusterDirectory(parsed.GetValue(data)!), cancel)));
var reset = new Command("reset", "Stop the cluster and remove everything it has made") { data };
reset.SetAction((parsed, cancel) => RunAsync(() => new ResetCommand(Progress.Terminal, TimeProvider.System).RunAsync(new ClusterDirectory(parsed.GetValue(data)!), cancel)));
var join = new Option<string?>("--join") { Description = "HOST:PORT of a member of the cluster to join" };
var token = new Option<string?>("--token") { Description = "Bootstrap token, from 'orchestrator token create'" };
var caHash = new Option<string?>("--ca-hash") { Description = "sha256:… of the cluster's certificate authority, from 'orchestrator token create'" };
var serverKey = new Option<string?>("--server-key") { Description = "Opens the cluster's keys, from 'orchestrator token create --server'" };
var server = new Command("server", "Run one member of the control plane in the foreground; hocon/three-members.hocon shows its configuration") { data, config, port, join, token, caHash, serverKey };
server.SetAction((parsed, cancel) => RunAsync(() => new ServerCommand(Progress.Terminal, TimeProvider.System).RunAsync(
    new UpOptions(Path.GetFullPath(parsed.GetValue(data)!), 0, parsed.GetValue(port), null, parsed.GetValue(config) is { } file ? Path.GetFullPath(file) : null),
    new ServerJoin(parsed.GetValue(join), parsed.GetValue(token), parsed.GetValue(caHash), parsed.GetValue(serverKey)), cancel)));
var runtime = new Option<string>("--runtime") { Description = "docker, or simulated (pods that exist only in name, for tests of scale)", DefaultValueFactory = _ => "docker" };
var drain = new Option<bool>("--drain") { Description = "Stop the node's pods, each within its grace, before the agent stops" };
runtime.AcceptOnlyFromAmong("docker", "simulated");
var agentData = new Option<string>("--data") { Description = "Directory of the agent", DefaultValueFactory = _ => ClusterDirectory.Default };
var agentDetach = new Option<bool>("--detach") { Description = "Return when the node is connected, and leave its agent running" };
var agent = new Command("agent", "Make this machine a node of a cluster, or resume the node in the directory") { join, token, caHash, agentData, nodeName, config, runtime, drain, agentDetach };
agent.SetAction((parsed, cancel) => RunAsync(() =>
{
    var options = new AgentOptions(Path.GetFullPath(parsed.GetValue(agentData)!), parsed.GetValue(join), parsed.GetValue(token), parsed.GetValue(caHash), parsed.GetValue(nodeName),
        parsed.GetValue(config) is { } file ? Path.GetFullPath(file) : null, parsed.GetValue(runtime) == "simulated", parsed.GetValue(drain));
    var command = new AgentCommand(Progress.Terminal, TimeProvider.System);
    return parsed.GetValue(agentDetach) ? command.RunDetachedAsync(options, cancel) : command.RunAsync(options, cancel);
}));
var lifetime = new Option<string>("--ttl") { Description = "How long it can be used, such as 2h; 0 is for ever", DefaultValueFactory = _ => "24h" };
lifetime.Validators.Add(r => { if (r.GetValue(lifetime) is not "0" && !HoconUnits.TryParseDuration(r.GetValue(lifetime)!, out _)) r.AddError("--ttl must be a duration such as 30m or 24h, or 0"); });
var which = new Argument<string>("token") { Description = "The token, or its id" };
TokenCommand Tokens() => new(Progress.Terminal, Console.Out, TimeProvider.System);
var forServer = new Option<bool>("--server") { Description = "For a further member of the control plane, instead of a node" };
var tokenCreate = new Command("create", "Make a token and print the command that joins another machine") { data, lifetime, forServer };
tokenCreate.SetAction((parsed, cancel) => RunAsync(() => Tokens().CreateAsync(new ClusterDirectory(parsed.GetValue(data)!),
    parsed.GetValue(lifetime) is { } text && HoconUnits.TryParseDuration(text, out var ttl) ? ttl : TimeSpan.Zero, parsed.GetValue(forServer), cancel)));
var tokenList = new Command("list", "Show the tokens, without their secrets") { data };
tokenList.SetAction((parsed, cancel) => RunAsync(() => Tokens().ListAsync(new ClusterDirectory(parsed.GetValue(data)!), cancel)));
var tokenDelete = new Command("delete", "Delete a token: nobody joins with it any more") { data, which };
tokenDelete.SetAction((parsed, cancel) => RunAsync(() => Tokens().DeleteAsync(new ClusterDirectory(parsed.GetValue(data)!), parsed.GetValue(which)!, cancel)));
var tokens = new Command("token", "Bootstrap tokens, with which other machines join") { tokenCreate, tokenList, tokenDelete };
var backupFile = new Argument<string>("file") { Description = "The backup: one file" };
var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Kubeconfig of an administrator, for a cluster elsewhere (a backup is then without the cluster's keys)" };
var backup = new Command("backup", "Write every object, as of one resourceVersion, and the cluster's keys to a file; the cluster may run") { backupFile, data, config, kubeconfig };
backup.SetAction((parsed, cancel) => RunAsync(() => new BackupCommand(Progress.Terminal, TimeProvider.System).RunAsync(parsed.GetValue(backupFile)!, Stopped(parsed, null),
    parsed.GetValue(kubeconfig) is { } file ? Path.GetFullPath(file) : null, cancel)));
var target = new Option<string?>("--postgres") { Description = "Restore into this PostgreSQL database (Npgsql's form), or 'local': the one that 'up --members' runs in the directory" };
var force = new Option<bool>("--force") { Description = "Replace what the stopped cluster there holds" };
var restore = new Command("restore", "Make a cluster of a backup, on the embedded database or on PostgreSQL; the next 'up' starts it") { backupFile, data, config, target, force };
restore.SetAction((parsed, cancel) => RunAsync(() => new RestoreCommand(Progress.Terminal, TimeProvider.System).RunAsync(parsed.GetValue(backupFile)!, Stopped(parsed, parsed.GetValue(target)), parsed.GetValue(force), cancel)));
UpOptions Stopped(ParseResult parsed, string? database) => new(Path.GetFullPath(parsed.GetValue(data)!), 0, Config: parsed.GetValue(config) is { } file ? Path.GetFullPath(file) : null, Postgres: database);
var pod = new Argument<string>("pod") { Description = "pod/NAME" };
var ns = new Option<string>("--namespace", "-n") { Description = "Namespace of the pod", DefaultValueFactory = _ => "default" };
var why = new Command("why", "Say why a pod is on its node, or on none: for every node which plugin says no and what would have to change, or its scores") { pod, ns, data, kubeconfig };
why.SetAction((parsed, cancel) => RunAsync(() => new WhyCommand(Console.Out).RunAsync(new ClusterDirectory(parsed.GetValue(data)!), parsed.GetValue(kubeconfig), parsed.GetValue(pod)!, parsed.GetValue(ns)!, cancel)));
// The script at the repository's root runs the benchmarks; it is listed here so that the help is complete.
var bench = new Command("bench", "Measure this machine and print the table (run through ./orchestrator)");
bench.SetAction(_ => RunAsync(() => throw new CommandFailure("benchmarks are run by the script: ./orchestrator bench")));

var root = new RootCommand("Orchestrator: Kubernetes' API on actors.") { up, down, reset, agent, tokens, server, backup, restore, why, bench };
return await root.Parse(args.Length == 0 ? ["--help"] : args).InvokeAsync();

static async Task<int> RunAsync(Func<Task> command)
{
    try
    {
        await command();
        return 0;
    }
    catch (Exception e) when (e is CommandFailure or JournalUnusableException or HoconException or InvalidDataException)
    {
        Progress.Terminal.Fail(e.Message);
        return 1;
    }
    catch (OperationCanceledException)
    {
        return 130;
    }
}
