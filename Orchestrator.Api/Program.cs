using System.CommandLine;
using Orchestrator.Api.Commands;
using Orchestrator.Engine.Configuration;
using Orchestrator.Engine.Persistence.Sql;

var data = new Option<string>("--data") { Description = "Directory of the cluster", DefaultValueFactory = _ => ClusterDirectory.Default };
var port = new Option<int?>("--port") { Description = "HTTPS port of the API (6443 where no configuration says otherwise)" };
var nodes = new Option<int>("--nodes") { Description = "Number of nodes to run", DefaultValueFactory = _ => 1 };
var nodeName = new Option<string?>("--node-name") { Description = "Name of the first node (this machine's where no configuration says otherwise)" };
var config = new Option<string?>("--config") { Description = "Configuration file (HOCON), over the directory's own orchestrator.hocon; hocon/reference.hocon has every key" };
var detach = new Option<bool>("--detach") { Description = "Return when the cluster is ready, and leave it running" };
port.Validators.Add(r => { if (r.GetValue(port) is < 1 or > 65535) r.AddError("--port must be between 1 and 65535"); });
nodes.Validators.Add(r => { if (r.GetValue(nodes) is < 0 or > 100) r.AddError("--nodes must be between 0 and 100"); });

var up = new Command("up", "Start a cluster, or resume the one in the directory") { data, config, port, nodes, nodeName, detach };
up.SetAction((parsed, cancel) => RunAsync(() =>
{
    var options = new UpOptions(Path.GetFullPath(parsed.GetValue(data)!), parsed.GetValue(nodes), parsed.GetValue(port), parsed.GetValue(nodeName),
        parsed.GetValue(config) is { } file ? Path.GetFullPath(file) : null);
    var command = new UpCommand(Progress.Terminal, TimeProvider.System);
    return parsed.GetValue(detach) ? command.RunDetachedAsync(options, cancel) : command.RunAsync(options, cancel);
}));
var down = new Command("down", "Stop the cluster and leave its containers running") { data };
down.SetAction((parsed, cancel) => RunAsync(() => new DownCommand(Progress.Terminal, TimeProvider.System).RunAsync(new ClusterDirectory(parsed.GetValue(data)!), cancel)));
var reset = new Command("reset", "Stop the cluster and remove everything it has made") { data };
reset.SetAction((parsed, cancel) => RunAsync(() => new ResetCommand(Progress.Terminal, TimeProvider.System).RunAsync(new ClusterDirectory(parsed.GetValue(data)!), cancel)));
// The script at the repository's root runs the benchmarks; it is listed here so that the help is complete.
var bench = new Command("bench", "Measure this machine and print the table (run through ./orchestrator)");
bench.SetAction(_ => RunAsync(() => throw new CommandFailure("benchmarks are run by the script: ./orchestrator bench")));

var root = new RootCommand("Orchestrator: Kubernetes' API on actors, in one process.") { up, down, reset, bench };
return await root.Parse(args.Length == 0 ? ["--help"] : args).InvokeAsync();

static async Task<int> RunAsync(Func<Task> command)
{
    try
    {
        await command();
        return 0;
    }
    catch (Exception e) when (e is CommandFailure or JournalUnusableException or HoconException)
    {
        Progress.Terminal.Fail(e.Message);
        return 1;
    }
    catch (OperationCanceledException)
    {
        return 130;
    }
}
