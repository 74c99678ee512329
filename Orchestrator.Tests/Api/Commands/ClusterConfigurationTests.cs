using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Commands;
using Orchestrator.Engine.Configuration;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Commands;

public sealed class ClusterConfigurationTests
{
    private static readonly UpOptions Bare = new("/nowhere");

    [Fact]
    public void The_defaults_are_those_of_the_code()
    {
        var configuration = From("");
        configuration.ControlPlane.ShouldBe(new ControlPlaneOptions());
        (configuration.ApiPort, configuration.ApiUri.ToString(), configuration.LogLevel, configuration.MaxPods).ShouldBe((6443, "https://127.0.0.1:6443/", LogLevel.Warning, 110));
        configuration.NodeNames.ShouldBe([Environment.MachineName.ToLowerInvariant()]);
        (configuration.NodeAddress, configuration.NodeLabels.Count, configuration.NodeTaints.Count, configuration.ExtraNames.Count).ShouldBe((null, 0, 0, 0));
    }

    /// <summary>A key that nothing reads would promise something that the program does not do.</summary>
    [Fact]
    public void Every_key_of_the_reference_is_read()
    {
        var values = new Recorder(HoconConfiguration.Build([], _ => null));
        ClusterConfiguration.From(values, Bare);
        var keys = new List<string>();
        Collect(Hocon.Read("reference.hocon", HoconConfiguration.Reference, _ => null), "", keys);
        keys.Count.ShouldBeGreaterThan(15);
        keys.Where(k => !values.Read.Contains(k.Replace('.', ':'))).ShouldBeEmpty();
    }

    [Fact]
    public void Values_of_a_file_reach_what_they_are_for()
    {
        var configuration = From("""
            akka { loglevel = debug, cluster.sharding { number-of-shards = 8, passivate-idle-entity-after = off } }
            orchestrator.api { address = 10.1.2.3, port = 7443, public-address = "lb.example.com:443", extra-names = [k8s.example.com] }
            orchestrator.journal.retention = 2h
            orchestrator.network { cluster-cidr = "10.9.0.0/16", node-cidr-size = 26, service-cidr = "10.8.0.0/16", service-node-ports = 31000-31010, cluster-domain = corp.local }
            orchestrator.node { name = edge, address = 10.1.2.3, max-pods = 7, status-interval = 1m, labels { "example.com/zone" = west, tier = gold }, taints = ["gpu=yes:NoSchedule", "slow:NoExecute"] }
            orchestrator.controllers { node-monitor-grace-period = 40s, event-lifetime = 10m }
            """, Bare with { Nodes = 2 });
        configuration.ControlPlane.ShouldBe(new ControlPlaneOptions
        {
            ClusterCidr = IPNetwork.Parse("10.9.0.0/16"),
            NodeCidrSize = 26,
            ServiceCidr = IPNetwork.Parse("10.8.0.0/16"),
            NodePortFirst = 31000,
            NodePortLast = 31010,
            Retention = TimeSpan.FromHours(2),
            EventLifetime = TimeSpan.FromMinutes(10),
            NodeMonitorGrace = TimeSpan.FromSeconds(40),
            PassivateAfter = Timeout.InfiniteTimeSpan,
            Shards = 8,
        });
        (configuration.LogLevel, configuration.ApiUri.ToString(), configuration.ClusterDomain).ShouldBe((LogLevel.Debug, "https://10.1.2.3:7443/", "corp.local"));
        configuration.ExtraNames.ShouldBe(["k8s.example.com"]);
        configuration.PublicUri.ShouldBe(new Uri("https://lb.example.com/"));
        configuration.NodeNames.ShouldBe(["edge", "edge-2"]);
        (configuration.NodeAddress, configuration.MaxPods, configuration.StatusInterval).ShouldBe((IPAddress.Parse("10.1.2.3"), 7, TimeSpan.FromMinutes(1)));
        configuration.NodeLabels.ShouldBe(new Dictionary<string, string> { ["example.com/zone"] = "west", ["tier"] = "gold" }, ignoreOrder: true);
        configuration.NodeTaints.Select(t => (t.Key, t.Value, t.Effect)).ShouldBe([("gpu", "yes", "NoSchedule"), ("slow", "", "NoExecute")]);
    }

    [Fact]
    public void The_command_line_wins_over_the_named_file_and_that_over_the_directorys_own()
    {
        var directory = Directory.CreateTempSubdirectory("orchestrator-config-");
        try
        {
            var named = Path.Combine(directory.FullName, "named.hocon");
            File.WriteAllText(Path.Combine(directory.FullName, ClusterConfiguration.FileName), "orchestrator { api.port = 7001, node { name = own, max-pods = 5 } }");
            File.WriteAllText(named, "orchestrator { api.port = 7002, node.name = named }");
            var own = new UpOptions(directory.FullName);
            var configuration = ClusterConfiguration.Load(own);
            (configuration.ApiPort, configuration.NodeNames[0], configuration.MaxPods).ShouldBe((7001, "own", 5));
            configuration = ClusterConfiguration.Load(own with { Config = named });
            (configuration.ApiPort, configuration.NodeNames[0], configuration.MaxPods).ShouldBe((7002, "named", 5));
            configuration = ClusterConfiguration.Load(own with { Config = named, Port = 7003, NodeName = "line" });
            (configuration.ApiPort, configuration.NodeNames[0], configuration.MaxPods).ShouldBe((7003, "line", 5));
            Should.Throw<HoconException>(() => ClusterConfiguration.Load(own with { Config = named + ".gone" })).Message.ShouldContain("named.hocon.gone");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("akka.loglevel = loud", "akka.loglevel must be debug, info, warning, error or off, not \"loud\"")]
    [InlineData("orchestrator.api.port = 70000", "orchestrator.api.port must be a port from 1 to 65535, not \"70000\"")]
    [InlineData("orchestrator.api.address = here", "orchestrator.api.address must be an IP address, not \"here\"")]
    [InlineData("orchestrator.api.public-address = lb", "orchestrator.api.public-address must be HOST:PORT, or empty, not \"lb\"")]
    [InlineData("orchestrator.network.cluster-cidr = \"10.0.0.0\"", "orchestrator.network.cluster-cidr must be a network such as 10.244.0.0/16, not \"10.0.0.0\"")]
    [InlineData("orchestrator.network.node-cidr-size = 8", "orchestrator.network.node-cidr-size must be a prefix length from 16 to 30, not \"8\"")]
    [InlineData("orchestrator.network.service-node-ports = \"32000-31000\"", "orchestrator.network.service-node-ports must be two ports such as 30000-32767, not \"32000-31000\"")]
    [InlineData("orchestrator.journal.retention = infinite", "orchestrator.journal.retention must be a duration above zero such as 10s or 1h, not \"infinite\"")]
    [InlineData("orchestrator.node.name = Not_A_Name", "orchestrator.node.name must be a DNS name, or empty, not \"Not_A_Name\"")]
    [InlineData("orchestrator.node.labels { \"a/b/c\" = 1 }", "orchestrator.node.labels.a/b/c must be the value of a label whose name is valid, too, not \"1\"")]
    [InlineData("orchestrator.node.taints = [\"gpu=yes:Never\"]", "orchestrator.node.taints.0 must be a taint such as key=value:NoSchedule, not \"gpu=yes:Never\"")]
    [InlineData("orchestrator.node.taints = [\"NoSchedule\"]", "orchestrator.node.taints.0 must be a taint such as key=value:NoSchedule, not \"NoSchedule\"")]
    public void What_no_key_can_have_is_told_with_its_place(string text, string problem) =>
        Should.Throw<HoconException>(() => From("\n" + text)).Message.ShouldBe($"user.hocon:2: {problem}");

    private static ClusterConfiguration From(string text, UpOptions? options = null) =>
        ClusterConfiguration.From(HoconConfiguration.Build([("user.hocon", text)], _ => null), options ?? Bare);

    private static void Collect(HoconObject block, string path, List<string> keys)
    {
        foreach (var (name, value) in block.Fields)
        {
            var key = path.Length == 0 ? name : $"{path}.{name}";
            if (value is HoconObject { Fields.Count: > 0 } inner) Collect(inner, key, keys);
            else keys.Add(key);
        }
    }

    /// <summary>Remembers the keys that were asked for.</summary>
    private sealed class Recorder(IConfiguration values) : IConfiguration
    {
        public HashSet<string> Read { get; } = [];

        public string? this[string key]
        {
            get
            {
                Read.Add(key);
                return values[key];
            }
            set => values[key] = value;
        }

        public IConfigurationSection GetSection(string key)
        {
            Read.Add(key);
            return values.GetSection(key);
        }

        public IEnumerable<IConfigurationSection> GetChildren() => values.GetChildren();

        public IChangeToken GetReloadToken() => values.GetReloadToken();
    }
}
