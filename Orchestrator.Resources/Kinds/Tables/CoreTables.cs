using System.Globalization;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Tables;

/// <summary>The tables of the core kinds that are no workloads (upstream: pkg/printers/internalversion).</summary>
internal static class CoreTables
{
    private const string NodeRolePrefix = "node-role.kubernetes.io/";

    public static TableLayout Namespace { get; } = TableLayout.Named()
        .Text("Status", "Whether the namespace is in use or being emptied.", o => o["status"]["phase"].Text).Age();

    public static TableLayout ConfigMap { get; } = TableLayout.Named()
        .Number("Data", "Number of entries.", o => o["data"].Count + o["binaryData"].Count, type: "string").Age();

    public static TableLayout Secret { get; } = TableLayout.Named()
        .Text("Type", "What the secret is for.", o => o["type"].Text)
        .Number("Data", "Number of entries.", o => o["data"].Count, type: "string").Age();

    public static TableLayout ServiceAccount { get; } = TableLayout.Named()
        .Number("Secrets", "Number of secrets the account's pods may use.", o => o["secrets"].Count, type: "string").Age();

    public static TableLayout Service { get; } = TableLayout.Named()
        .Text("Type", "How the service is reached.", o => o["spec"]["type"].Text)
        .Text("Cluster-IP", "The service's address inside the cluster.", o => TableLayout.OrNone(o["spec"]["clusterIPs"].Items.Select(i => i.Text).FirstOrDefault() ?? ""))
        .Text("External-IP", "Addresses from outside the cluster.", ExternalAddress)
        .Text("Port(s)", "Ports served, with the node's ports.", Ports)
        .Age()
        .Text("Selector", "Labels of the pods that serve.", o => TableText.Labels(o["spec"]["selector"]), wide: true);

    public static TableLayout Endpoints { get; } = TableLayout.Named()
        .Text("Endpoints", "Addresses and ports that serve.", EndpointList).Age();

    public static TableLayout EndpointSlice { get; } = TableLayout.Named()
        .Text("AddressType", "What kind of addresses the slice holds.", o => o["addressType"].Text)
        .Text("Ports", "Ports that serve.", o => TableText.Some([.. o["ports"].Items.Select(SlicePort)], 3))
        .Text("Endpoints", "Addresses that serve.", o => TableText.Some([.. o["endpoints"].Items.SelectMany(e => e["addresses"].Items.Select(a => a.Text))], 3))
        .Age();

    public static TableLayout Node { get; } = TableLayout.Named()
        .Text("Status", "Whether the node is ready, and takes new pods.", NodeStatus)
        .Text("Roles", "The node's roles, from its labels.", NodeRoles)
        .Age()
        .Text("Version", "Version of the node's agent.", o => o["status"]["nodeInfo"]["kubeletVersion"].Text)
        .Text("Internal-IP", "The node's address inside the cluster.", o => NodeAddress(o, "InternalIP"), wide: true)
        .Text("External-IP", "The node's address from outside.", o => NodeAddress(o, "ExternalIP"), wide: true)
        .Text("OS-Image", "The node's operating system.", o => TableText.Or(o["status"]["nodeInfo"]["osImage"], "<unknown>"), wide: true)
        .Text("Kernel-Version", "The node's kernel.", o => TableText.Or(o["status"]["nodeInfo"]["kernelVersion"], "<unknown>"), wide: true)
        .Text("Container-Runtime", "What runs the node's containers.", o => TableText.Or(o["status"]["nodeInfo"]["containerRuntimeVersion"], "<unknown>"), wide: true);

    /// <summary>The one table that does not start with the name: what happened, and to what, comes first.</summary>
    public static TableLayout Event { get; } = new TableLayout()
        .Timed("Last Seen", "When it happened last.", LastSeen)
        .Text("Type", "Normal or Warning.", o => o["type"].Text)
        .Text("Reason", "Why, in one word for machines.", o => o["reason"].Text)
        .Text("Object", "What it happened to.", EventTarget)
        .Text("Subobject", "Which part of the object.", o => o["involvedObject"]["fieldPath"].Text, wide: true)
        .Text("Source", "Who reports it.", EventSource, wide: true)
        .Text("Message", "What happened, for humans.", o => o["message"].Text.Trim())
        .Timed("First Seen", "When it happened first.", FirstSeen, wide: true)
        .Number("Count", "How often it has happened.", EventCount, wide: true, type: "string")
        .Add(TableColumn.NameColumn with { Priority = 1 }, (o, _) => o["metadata"]["name"].Text);

    private static string ExternalAddress(Field service)
    {
        var spec = service["spec"];
        var external = spec["externalIPs"].Items.Select(i => i.Text);
        switch (spec["type"].Text)
        {
            case "ClusterIP" or "NodePort":
                return TableLayout.OrNone(string.Join(',', external));
            case "LoadBalancer":
                var balancer = service["status"]["loadBalancer"]["ingress"].Items.Select(i => i["ip"].Text.Length > 0 ? i["ip"].Text : i["hostname"].Text)
                    .Where(i => i.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
                var all = string.Join(',', balancer.Concat(external));
                return all.Length == 0 ? "<pending>" : all;
            case "ExternalName":
                return spec["externalName"].Text;
            default:
                return "<unknown>";
        }
    }

    private static string Ports(Field service) => TableLayout.OrNone(string.Join(',', service["spec"]["ports"].Items.Select(p => p["nodePort"].Number > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{p["port"].Number}:{p["nodePort"].Number}/{p["protocol"].Text}")
        : string.Create(CultureInfo.InvariantCulture, $"{p["port"].Number}/{p["protocol"].Text}"))));

    private static string EndpointList(Field endpoints)
    {
        if (endpoints["subsets"].Count == 0) return "<none>";
        var all = endpoints["subsets"].Items.SelectMany(s => s["ports"].Count == 0
            ? s["addresses"].Items.Select(a => a["ip"].Text)
            : s["ports"].Items.SelectMany(p => s["addresses"].Items.Select(a => HostPort(a["ip"].Text, p["port"].Number)))).ToList();
        return TableText.Some(all, 3, none: "");
    }

    private static string HostPort(string host, long port) => (host.Contains(':') ? $"[{host}]:" : host + ":") + port.ToString(CultureInfo.InvariantCulture);

    private static string SlicePort(Field port) =>
        port["port"].Exists ? port["port"].Number.ToString(CultureInfo.InvariantCulture) : port["name"].Exists ? port["name"].Text : "*";

    private static string NodeStatus(Field node)
    {
        var ready = node["status"]["conditions"].Items.Where(c => c["type"].Text == "Ready").Select(c => c["status"].Text).FirstOrDefault();
        var status = ready switch { null => "Unknown", "True" => "Ready", _ => "NotReady" };
        return node["spec"]["unschedulable"].Flag ? status + ",SchedulingDisabled" : status;
    }

    private static string NodeRoles(Field node)
    {
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in node["metadata"]["labels"].Entries)
        {
            if (key.Length > NodeRolePrefix.Length && key.StartsWith(NodeRolePrefix, StringComparison.Ordinal)) roles.Add(key[NodeRolePrefix.Length..]);
            else if (key == "kubernetes.io/role" && value.Text.Length > 0) roles.Add(value.Text);
        }
        return TableLayout.OrNone(string.Join(',', roles));
    }

    private static string NodeAddress(Field node, string type) =>
        TableLayout.OrNone(node["status"]["addresses"].Items.Where(a => a["type"].Text == type).Select(a => a["address"].Text).FirstOrDefault() ?? "");

    private static string FirstSeen(Field ev, DateTimeOffset now) => TableLayout.Since(ev["firstTimestamp"].Exists ? ev["firstTimestamp"] : ev["eventTime"], now);

    private static string LastSeen(Field ev, DateTimeOffset now) =>
        ev["series"].Exists ? TableLayout.Since(ev["series"]["lastObservedTime"], now)
        : ev["lastTimestamp"].Exists ? TableLayout.Since(ev["lastTimestamp"], now)
        : FirstSeen(ev, now);

    /// <summary>A series counts from the second time on, an event of the newer API without a count has happened once.</summary>
    private static long EventCount(Field ev) => ev["series"].Exists ? ev["series"]["count"].Number + 1 : Math.Max(1, ev["count"].Number);

    private static string EventTarget(Field ev)
    {
        var target = ev["involvedObject"];
        var kind = target["kind"].Text.ToLowerInvariant();
        return target["name"].Text.Length > 0 ? $"{kind}/{target["name"].Text}" : kind;
    }

    private static string EventSource(Field ev)
    {
        var component = TableText.Or(ev["source"]["component"], ev["reportingComponent"].Text);
        var instance = TableText.Or(ev["source"]["host"], ev["reportingInstance"].Text);
        return instance.Length > 0 ? $"{component}, {instance}" : component;
    }
}
