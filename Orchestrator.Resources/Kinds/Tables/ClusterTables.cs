using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Tables;

/// <summary>The tables of storage, networking, access and policy kinds (upstream: pkg/printers/internalversion).</summary>
internal static class ClusterTables
{
    private const string DefaultClass = "storageclass.kubernetes.io/is-default-class";

    public static TableLayout PersistentVolume { get; } = TableLayout.Named()
        .Text("Capacity", "Size of the volume.", o => TableText.Or(o["spec"]["capacity"]["storage"], "0"))
        .Text("Access Modes", "How it can be mounted.", o => TableText.AccessModes(o["spec"]["accessModes"]))
        .Text("Reclaim Policy", "What becomes of it when its claim goes.", o => o["spec"]["persistentVolumeReclaimPolicy"].Text)
        .Text("Status", "Whether it is bound.", Phase)
        .Text("Claim", "The claim it is bound to.", o => o["spec"]["claimRef"].Exists ? $"{o["spec"]["claimRef"]["namespace"].Text}/{o["spec"]["claimRef"]["name"].Text}" : "")
        .Text("StorageClass", "Its storage class.", o => o["spec"]["storageClassName"].Text)
        .Text("VolumeAttributesClass", "Its class of attributes.", o => TableText.Or(o["spec"]["volumeAttributesClassName"], "<unset>"))
        .Text("Reason", "Why it has failed.", o => o["status"]["reason"].Text)
        .Age()
        .Text("VolumeMode", "Filesystem or block device.", o => TableText.Or(o["spec"]["volumeMode"], "<unset>"), wide: true);

    public static TableLayout PersistentVolumeClaim { get; } = TableLayout.Named()
        .Text("Status", "Whether it is bound.", Phase)
        .Text("Volume", "The volume it is bound to.", o => o["spec"]["volumeName"].Text)
        .Text("Capacity", "Size of the volume.", o => Bound(o) ? TableText.Or(o["status"]["capacity"]["storage"], "0") : "")
        .Text("Access Modes", "How it can be mounted.", o => Bound(o) ? TableText.AccessModes(o["status"]["accessModes"]) : "")
        .Text("StorageClass", "Its storage class.", o => o["spec"]["storageClassName"].Text)
        .Text("VolumeAttributesClass", "Its class of attributes.", o => TableText.Or(o["spec"]["volumeAttributesClassName"], "<unset>"))
        .Age()
        .Text("VolumeMode", "Filesystem or block device.", o => TableText.Or(o["spec"]["volumeMode"], "<unset>"), wide: true);

    public static TableLayout StorageClass { get; } = new TableLayout()
        .Add(TableColumn.NameColumn, (o, _) => o["metadata"]["name"].Text + (o["metadata"]["annotations"][DefaultClass].Text == "true" ? " (default)" : ""))
        .Text("Provisioner", "Who makes the volumes.", o => o["provisioner"].Text)
        .Text("ReclaimPolicy", "What becomes of a volume when its claim goes.", o => TableText.Or(o["reclaimPolicy"], "Delete"))
        .Text("VolumeBindingMode", "When volumes are made and bound.", o => TableText.Or(o["volumeBindingMode"], "Immediate"))
        .Flag("AllowVolumeExpansion", "Whether volumes can grow.", o => o["allowVolumeExpansion"].Flag, type: "string")
        .Age();

    public static TableLayout VolumeAttachment { get; } = TableLayout.Named()
        .Text("Attacher", "Who attaches the volume.", o => o["spec"]["attacher"].Text)
        .Text("PV", "The volume.", o => o["spec"]["source"]["persistentVolumeName"].Text)
        .Text("Node", "The node.", o => o["spec"]["nodeName"].Text)
        .Flag("Attached", "Whether the volume is attached.", o => o["status"]["attached"].Flag)
        .Age();

    public static TableLayout CsiNode { get; } = TableLayout.Named()
        .Number("Drivers", "Number of drivers registered on the node.", o => o["spec"]["drivers"].Count).Age();

    public static TableLayout CsiDriver { get; } = TableLayout.Named()
        .Flag("AttachRequired", "Whether volumes are attached before they are mounted.", o => !o["spec"]["attachRequired"].Exists || o["spec"]["attachRequired"].Flag)
        .Flag("PodInfoOnMount", "Whether mounting needs to know the pod.", o => o["spec"]["podInfoOnMount"].Flag)
        .Flag("StorageCapacity", "Whether the driver publishes how much room there is.", o => o["spec"]["storageCapacity"].Flag)
        .Text("TokenRequests", "Audiences of the tokens it gets.", o => o["spec"]["tokenRequests"].Exists ? TableLayout.Join(o["spec"]["tokenRequests"], "audience") : "<unset>")
        .Flag("RequiresRepublish", "Whether volumes are published again and again.", o => o["spec"]["requiresRepublish"].Flag)
        .Text("Modes", "Kinds of volumes the driver offers.", o => TableLayout.OrNone(string.Join(',', o["spec"]["volumeLifecycleModes"].Items.Select(m => m.Text))))
        .Age();

    public static TableLayout CsiStorageCapacity { get; } = TableLayout.Named()
        .Text("StorageClassName", "The storage class.", o => o["storageClassName"].Text)
        .Text("Capacity", "Room for volumes of that class.", o => TableText.Or(o["capacity"], "<unset>"));

    public static TableLayout Ingress { get; } = TableLayout.Named()
        .Text("Class", "Who implements it.", o => TableText.Or(o["spec"]["ingressClassName"], "<none>"))
        .Text("Hosts", "Host names it serves.", Hosts)
        .Text("Address", "Addresses it is reached at.", o => string.Join(',', o["status"]["loadBalancer"]["ingress"].Items
            .Select(i => i["ip"].Text.Length > 0 ? i["ip"].Text : i["hostname"].Text).Where(i => i.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)))
        .Text("Ports", "Ports it serves.", o => o["spec"]["tls"].Count > 0 ? "80, 443" : "80")
        .Age();

    public static TableLayout IngressClass { get; } = TableLayout.Named()
        .Text("Controller", "Who implements the class.", o => o["spec"]["controller"].Text)
        .Text("Parameters", "Further configuration.", o => Parameters(o["spec"]["parameters"]))
        .Age();

    public static TableLayout NetworkPolicy { get; } = TableLayout.Named()
        .Text("Pod-Selector", "Selects the pods it is about.", o => TableText.Selector(o["spec"]["podSelector"])).Age();

    public static TableLayout RoleBinding { get; } = TableLayout.Named()
        .Text("Role", "The role that is granted.", o => $"{o["roleRef"]["kind"].Text}/{o["roleRef"]["name"].Text}")
        .Age()
        .Text("Users", "Users it is granted to.", o => Subjects(o, "User"), wide: true)
        .Text("Groups", "Groups it is granted to.", o => Subjects(o, "Group"), wide: true)
        .Text("ServiceAccounts", "Service accounts it is granted to.", o => Subjects(o, "ServiceAccount"), wide: true);

    /// <summary>Roles and custom resource definitions show when they were made instead of their age.</summary>
    public static TableLayout Created { get; } = TableLayout.Named()
        .Add(new TableColumn("Created At", "date", "", "When the object was created.", 0), (o, _) => o["metadata"]["creationTimestamp"].Text);

    public static TableLayout ApiService { get; } = TableLayout.Named()
        .Text("Service", "Who serves the group's version.", o => o["spec"]["service"].Exists ? $"{o["spec"]["service"]["namespace"].Text}/{o["spec"]["service"]["name"].Text}" : "Local")
        .Text("Available", "Whether it answers.", Available)
        .Age();

    public static TableLayout CertificateSigningRequest { get; } = TableLayout.Named().Age()
        .Text("SignerName", "Who is asked to sign.", o => TableText.Or(o["spec"]["signerName"], "<none>"))
        .Text("Requestor", "Who asks.", o => o["spec"]["username"].Text)
        .Text("RequestedDuration", "For how long the certificate should be valid.", o => o["spec"]["expirationSeconds"].Exists ? TableColumn.HumanDuration(TimeSpan.FromSeconds(o["spec"]["expirationSeconds"].Number)) : "<none>")
        .Text("Condition", "How the request stands.", Condition);

    public static TableLayout Lease { get; } = TableLayout.Named()
        .Text("Holder", "Who holds the lease.", o => o["spec"]["holderIdentity"].Text).Age();

    public static TableLayout PriorityClass { get; } = TableLayout.Named()
        .Number("Value", "The priority.", o => o["value"].Number)
        .Flag("Global-Default", "Whether pods that name no class get this one.", o => o["globalDefault"].Flag)
        .Age()
        .Text("PreemptionPolicy", "Whether it may push out pods of lower priority.", o => TableText.Or(o["preemptionPolicy"], "<unset>"));

    public static TableLayout RuntimeClass { get; } = TableLayout.Named()
        .Text("Handler", "What runs the containers.", o => o["handler"].Text).Age();

    public static TableLayout Webhooks { get; } = TableLayout.Named().Number("Webhooks", "Number of webhooks.", o => o["webhooks"].Count).Age();

    public static TableLayout AdmissionPolicy { get; } = TableLayout.Named()
        .Number("Validations", "Number of expressions checked.", o => o["spec"]["validations"].Count)
        .Text("ParamKind", "Kind of the policy's parameters.", o => o["spec"]["paramKind"].Exists ? $"{o["spec"]["paramKind"]["apiVersion"].Text}/{o["spec"]["paramKind"]["kind"].Text}" : "<unset>")
        .Age();

    public static TableLayout AdmissionPolicyBinding { get; } = TableLayout.Named()
        .Text("PolicyName", "The policy that is bound.", o => o["spec"]["policyName"].Text)
        .Text("ParamRef", "The policy's parameters.", o => o["spec"]["paramRef"].Exists ? ParamRef(o["spec"]["paramRef"]) : "<unset>")
        .Age();

    public static TableLayout ResourceQuota { get; } = TableLayout.Named()
        .Text("Request", "What is requested, of what may be.", o => Quota(o, limits: false))
        .Text("Limit", "What limits add up to, of what they may.", o => Quota(o, limits: true))
        .Age();

    public static TableLayout HorizontalPodAutoscaler { get; } = TableLayout.Named()
        .Text("Reference", "What is scaled.", o => $"{o["spec"]["scaleTargetRef"]["kind"].Text}/{o["spec"]["scaleTargetRef"]["name"].Text}")
        .Text("Targets", "Measured values, and what they should be.", AutoscalerMetrics.Text)
        .Text("MinPods", "Fewest replicas.", o => o["spec"]["minReplicas"].Exists ? o["spec"]["minReplicas"].Number.ToString(CultureInfo.InvariantCulture) : "<unset>")
        .Number("MaxPods", "Most replicas.", o => o["spec"]["maxReplicas"].Number, type: "string")
        .Number("Replicas", "Replicas now.", o => o["status"]["currentReplicas"].Number, type: "string")
        .Age();

    public static TableLayout FlowSchema { get; } = TableLayout.Named()
        .Text("PriorityLevel", "The priority level requests go to.", o => o["spec"]["priorityLevelConfiguration"]["name"].Text)
        .Number("MatchingPrecedence", "Which schema is tried first.", o => o["spec"]["matchingPrecedence"].Number, type: "string")
        .Text("DistinguisherMethod", "What tells one flow from another.", o => TableText.Or(o["spec"]["distinguisherMethod"]["type"], "<none>"))
        .Age()
        .Text("MissingPL", "Whether the priority level does not exist.", o => o["status"]["conditions"].Items.Where(c => c["type"].Text == "Dangling").Select(c => c["status"].Text).FirstOrDefault() ?? "?");

    public static TableLayout PriorityLevel { get; } = TableLayout.Named()
        .Text("Type", "Whether the level is limited.", o => o["spec"]["type"].Text)
        .Add(Level("NominalConcurrencyShares", "Its share of the server's capacity."), (o, _) => OrNone(o["spec"]["limited"]["nominalConcurrencyShares"]))
        .Add(Level("Queues", "Number of queues."), (o, _) => OrNone(Queuing(o)["queues"]))
        .Add(Level("HandSize", "Queues a flow is dealt."), (o, _) => OrNone(Queuing(o)["handSize"]))
        .Add(Level("QueueLengthLimit", "Requests that may wait in a queue."), (o, _) => OrNone(Queuing(o)["queueLengthLimit"]))
        .Age();

    private static TableColumn Level(string name, string description) => new(name, "string", "", description, 0);

    private static Field Queuing(Field level) => level["spec"]["limited"]["limitResponse"]["queuing"];

    private static JsonNode? OrNone(Field number) => number.Exists ? number.Number : "<none>";

    private static bool Bound(Field claim) => claim["spec"]["volumeName"].Text.Length > 0;

    private static string Phase(Field obj) => obj["metadata"]["deletionTimestamp"].Exists ? "Terminating" : obj["status"]["phase"].Text;

    private static string Hosts(Field ingress)
    {
        var hosts = ingress["spec"]["rules"].Items.Select(r => r["host"].Text).Where(h => h.Length > 0).ToList();
        return TableText.Some(hosts, 3, none: "*");
    }

    private static string Parameters(Field parameters)
    {
        if (!parameters.Exists) return "<none>";
        var group = parameters["apiGroup"].Exists ? "." + parameters["apiGroup"].Text : "";
        return $"{parameters["kind"].Text}{group}/{parameters["name"].Text}";
    }

    private static string ParamRef(Field reference)
    {
        if (reference["name"].Text.Length == 0) return TableText.Selector(reference["selector"]);
        return reference["namespace"].Text.Length > 0 ? $"{reference["namespace"].Text}/{reference["name"].Text}" : "*/" + reference["name"].Text;
    }

    private static string Subjects(Field binding, string kind) => string.Join(", ", binding["subjects"].Items.Where(s => s["kind"].Text == kind)
        .Select(s => kind == "ServiceAccount" ? $"{s["namespace"].Text}/{s["name"].Text}" : s["name"].Text));

    private static string Available(Field service)
    {
        foreach (var condition in service["status"]["conditions"].Items)
            if (condition["type"].Text == "Available") return condition["status"].Text == "True" ? "True" : $"{condition["status"].Text} ({condition["reason"].Text})";
        return "Unknown";
    }

    private static string Condition(Field request)
    {
        var types = request["status"]["conditions"].Items.Select(c => c["type"].Text).ToHashSet(StringComparer.Ordinal);
        var status = types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending";
        if (types.Contains("Failed")) status += ",Failed";
        return request["status"]["certificate"].Text.Length > 0 ? status + ",Issued" : status;
    }

    private static string Quota(Field quota, bool limits) => string.Join(", ", quota["status"]["hard"].Entries
        .Where(r => r.Key.StartsWith("limits.", StringComparison.Ordinal) == limits).OrderBy(r => r.Key, StringComparer.Ordinal)
        .Select(r => $"{r.Key}: {TableText.Or(quota["status"]["used"][r.Key], "0")}/{r.Value.Text}"));
}
