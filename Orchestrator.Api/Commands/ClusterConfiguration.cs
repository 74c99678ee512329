using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Resources;
using Orchestrator.Api.Members;
using Orchestrator.Engine.Configuration;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Api.Commands;

/// <summary>
/// How a cluster of this process runs: <c>reference.hocon</c>, over it the directory's <c>orchestrator.hocon</c>, over that the file of <c>--config</c>,
/// and over all the options that the command line names. Every key is read here, and nowhere else.
/// </summary>
public sealed record ClusterConfiguration
{
    /// <summary>File of the cluster's directory that is read where it is there.</summary>
    public const string FileName = "orchestrator.hocon";

    /// <summary>Lowest level that is logged.</summary>
    public required LogLevel LogLevel { get; init; }

    /// <summary>This process among the members of the control plane.</summary>
    public required MemberConfiguration Member { get; init; }

    /// <summary>What the control loops need to know.</summary>
    public required ControlPlaneOptions ControlPlane { get; init; }

    /// <summary>Where the API listens.</summary>
    public required IPAddress ApiAddress { get; init; }

    /// <summary>HTTPS port of the API.</summary>
    public required int ApiPort { get; init; }

    /// <summary>Where clients reach the API of all members, a load balancer for instance; null where they come to this one.</summary>
    public required Uri? PublicUri { get; init; }

    /// <summary>More names and addresses for the serving certificate.</summary>
    public required IReadOnlyList<string> ExtraNames { get; init; }

    /// <summary>Domain of Services' names.</summary>
    public required string ClusterDomain { get; init; }

    /// <summary>The nodes' names: <c>host</c>, <c>host-2</c>, <c>host-3</c>.</summary>
    public required IReadOnlyList<string> NodeNames { get; init; }

    /// <summary>Whether containers exist only in name.</summary>
    public required bool IsSimulated { get; init; }

    /// <summary>What simulated nodes are like.</summary>
    public required SimulationOptions Simulation { get; init; }

    /// <summary>The nodes as a sentence names them.</summary>
    public string NodesText => NodeNames.Count == 1 ? $"node {NodeNames[0]}" : NodeNames.Count <= 5 ? $"nodes {string.Join(", ", NodeNames)}" : $"{NodeNames.Count} nodes";

    /// <summary>The nodes' address; null for this machine's first.</summary>
    public required IPAddress? NodeAddress { get; init; }

    /// <summary>Labels of the nodes beside the well-known ones.</summary>
    public required IReadOnlyDictionary<string, string> NodeLabels { get; init; }

    /// <summary>Taints that nodes register with.</summary>
    public required IReadOnlyList<Taint> NodeTaints { get; init; }

    /// <summary>Most pods of a node.</summary>
    public required int MaxPods { get; init; }

    /// <summary>Unix socket of the nodes' Docker Engine, an absolute path.</summary>
    public required string DockerSocket { get; init; }

    /// <summary>Time between two looks at a node's capacity and conditions.</summary>
    public required TimeSpan StatusInterval { get; init; }

    /// <summary>How much later than it is the process takes the time of day for.</summary>
    public required TimeSpan ClockOffset { get; init; }

    /// <summary>Where clients on this machine reach the API.</summary>
    public Uri ApiUri => new UriBuilder("https", ListensEverywhere || IPAddress.IsLoopback(ApiAddress) ? "127.0.0.1" : ApiAddress.ToString(), ApiPort).Uri;

    private bool ListensEverywhere => ApiAddress.Equals(IPAddress.Any) || ApiAddress.Equals(IPAddress.IPv6Any);

    /// <summary>Reads the files. Throws <see cref="HoconException"/>, which names file and line, for what cannot be read and for what no key can have.</summary>
    public static ClusterConfiguration Load(UpOptions options)
    {
        var own = Path.Combine(options.Data, FileName);
        return From(HoconConfiguration.Load([.. File.Exists(own) ? [own] : Array.Empty<string>(), .. options.Config is { } file ? [file] : Array.Empty<string>()]), options);
    }

    /// <summary>As <see cref="Load"/>, from values that were read already.</summary>
    public static ClusterConfiguration From(IConfiguration values, UpOptions options)
    {
        var (first, last) = values.Get<(int, int)>("orchestrator.network.service-node-ports", "two ports such as 30000-32767", TryParsePorts);
        var cluster = values.Get<IPNetwork>("orchestrator.network.cluster-cidr", "a network such as 10.244.0.0/16", IPNetwork.TryParse);
        var size = values.Get<int>("orchestrator.network.node-cidr-size", $"a prefix length from {cluster.PrefixLength} to 30", Whole(cluster.PrefixLength, 30));
        var configuredName = values.Get<string>("orchestrator.node.name", "a DNS name, or empty", TryParseNodeName);
        var name = options.NodeName ?? (configuredName.Length > 0 ? configuredName : Environment.MachineName.ToLowerInvariant());
        return new ClusterConfiguration
        {
            LogLevel = values.Get<LogLevel>("akka.loglevel", "debug, info, warning, error or off", TryParseLevel),
            Member = MemberConfiguration.From(values),
            ControlPlane = new ControlPlaneOptions
            {
                ClusterCidr = options.SimulatedNodes > 1 << (size - cluster.PrefixLength) ? SimulatedCidr : cluster,
                NodeCidrSize = size,
                ServiceCidr = values.Get<IPNetwork>("orchestrator.network.service-cidr", "a network such as 10.96.0.0/12", IPNetwork.TryParse),
                NodePortFirst = first,
                NodePortLast = last,
                Retention = values.Get<TimeSpan>("orchestrator.journal.retention", Positive, TryParsePositive),
                EventLifetime = values.Get<TimeSpan>("orchestrator.controllers.event-lifetime", Positive, TryParsePositive),
                NodeMonitorGrace = values.Get<TimeSpan>("orchestrator.controllers.node-monitor-grace-period", Positive, TryParsePositive),
                PassivateAfter = values.Get<TimeSpan>("akka.cluster.sharding.passivate-idle-entity-after", Positive + ", or off", TryParsePositiveOrNever),
                SchedulerProfiles = SchedulerConfiguration.From(values),
                Shards = values.Get<int>("akka.cluster.sharding.number-of-shards", "a number from 1 to 10000", Whole(1, 10_000)),
            },
            ApiAddress = values.Get<IPAddress>("orchestrator.api.address", "an IP address", IPAddress.TryParse),
            ApiPort = options.Port ?? values.Get<int>("orchestrator.api.port", "a port from 1 to 65535", Whole(1, 65_535)),
            PublicUri = values.Get<Uri?>("orchestrator.api.public-address", "HOST:PORT, or empty", TryParsePublicAddress),
            ExtraNames = values.GetTexts("orchestrator.api.extra-names"),
            ClusterDomain = values.Get<string>("orchestrator.network.cluster-domain", "a DNS name", TryParseDnsName),
            IsSimulated = options.SimulatedNodes > 0,
            Simulation = SimulationOptions.From(values),
            NodeNames = options.SimulatedNodes > 0 ? SimulatedNodes.Names(options.SimulatedNodes) : [.. Enumerable.Range(1, options.Nodes).Select(i => i == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{i}"))],
            NodeAddress = values.Get<IPAddress?>("orchestrator.node.address", "an IP address, or empty", TryParseOptionalAddress),
            NodeLabels = values.GetMap("orchestrator.node.labels").ToDictionary(
                l => l.Key, l => values.Get<string>($"orchestrator:node:labels:{l.Key}", "the value of a label whose name is valid, too", LabelOf(l.Key)), StringComparer.Ordinal),
            NodeTaints = values.GetAll<Taint>("orchestrator.node.taints", "a taint such as key=value:NoSchedule", TryParseTaint),
            MaxPods = values.Get<int>("orchestrator.node.max-pods", "a number from 1 to 10000", Whole(1, 10_000)),
            DockerSocket = values.Get<string>("orchestrator.node.docker-socket", "an absolute path", TryParsePath),
            StatusInterval = values.Get<TimeSpan>("orchestrator.node.status-interval", Positive, TryParsePositive),
            ClockOffset = values.Get<TimeSpan>("orchestrator.debug.clock-offset", "a duration such as 10m or -10m, or empty", TryParseOffset),
        };
    }

    /// <summary>Simulated pods reach nobody, so where there are more nodes than parts of the cluster's range they may have a wider one.</summary>
    private static readonly IPNetwork SimulatedCidr = IPNetwork.Parse("10.128.0.0/9");

    private const string Positive = "a duration above zero such as 10s or 1h";

    private static ConfigurationReading.Parser<int> Whole(int least, int most) =>
        (string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;

    private static ConfigurationReading.Parser<string> LabelOf(string name) => (string text, [MaybeNullWhen(false)] out string value) =>
        NameFormats.QualifiedName(name).Count + NameFormats.LabelValue(value = text).Count == 0;

    private static bool TryParsePositive(string text, out TimeSpan value) => HoconUnits.TryParseDuration(text, out value) && value > TimeSpan.Zero;

    private static bool TryParsePositiveOrNever(string text, out TimeSpan value) => TryParsePositive(text, out value) || value == Timeout.InfiniteTimeSpan;

    private static bool TryParseOffset(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        if (text.Length == 0) return true;
        var earlier = text.StartsWith('-');
        if (!TryParsePositive(earlier ? text[1..] : text, out var size)) return false;
        value = earlier ? -size : size;
        return true;
    }

    private static bool TryParseDnsName(string text, [MaybeNullWhen(false)] out string value) => NameFormats.Dns1123Subdomain(value = text).Count == 0;

    private static bool TryParseNodeName(string text, [MaybeNullWhen(false)] out string value) => (value = text).Length == 0 || TryParseDnsName(text, out value);

    private static bool TryParsePath(string text, [MaybeNullWhen(false)] out string value) => Path.IsPathFullyQualified(value = text);

    private static bool TryParseOptionalAddress(string text, out IPAddress? value)
    {
        value = null;
        return text.Length == 0 || IPAddress.TryParse(text, out value);
    }

    private static bool TryParsePublicAddress(string text, out Uri? value)
    {
        value = null;
        return text.Length == 0 || (Uri.TryCreate($"https://{text}", UriKind.Absolute, out value) && $"{value.Host}:{value.Port}" == text.ToLowerInvariant());
    }

    private static bool TryParseLevel(string text, out LogLevel value)
    {
        value = text switch { "debug" => LogLevel.Debug, "info" => LogLevel.Information, "warning" => LogLevel.Warning, "error" => LogLevel.Error, _ => LogLevel.None };
        return value != LogLevel.None || text == "off";
    }

    private static bool TryParsePorts(string text, out (int First, int Last) value)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        value = default;
        if (dash < 0 || !Whole(1, 65_535)(text[..dash], out var first) || !Whole(first, 65_535)(text[(dash + 1)..], out var last)) return false;
        value = (first, last);
        return true;
    }

    private static bool TryParseTaint(string text, [MaybeNullWhen(false)] out Taint value)
    {
        var colon = text.LastIndexOf(':');
        var name = colon < 0 ? "" : text[..colon];
        var equals = name.IndexOf('=', StringComparison.Ordinal);
        value = new Taint { Key = equals < 0 ? name : name[..equals], Value = equals < 0 ? "" : name[(equals + 1)..], Effect = text[(colon + 1)..] };
        return value.Effect is "NoSchedule" or "PreferNoSchedule" or "NoExecute" && NameFormats.QualifiedName(value.Key).Count + NameFormats.LabelValue(value.Value).Count == 0;
    }
}
