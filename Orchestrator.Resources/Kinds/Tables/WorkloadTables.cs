using System.Globalization;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Tables;

/// <summary>The tables of the kinds that make pods (upstream: pkg/printers/internalversion).</summary>
internal static class WorkloadTables
{
    public static TableLayout Deployment { get; } = TableLayout.Named()
        .Text("Ready", "Pods that are ready, of those wanted.", ReadyOfWanted)
        .Number("Up-to-date", "Pods of the current template.", o => o["status"]["updatedReplicas"].Number, type: "string")
        .Number("Available", "Pods that have been ready for long enough.", o => o["status"]["availableReplicas"].Number, type: "string")
        .Age().Containers(Template)
        .Text("Selector", "Selects the pods.", o => TableText.Selector(o["spec"]["selector"]), wide: true);

    public static TableLayout ReplicaSet { get; } = Replicas()
        .Text("Selector", "Selects the pods.", o => TableText.Selector(o["spec"]["selector"]), wide: true);

    public static TableLayout ReplicationController { get; } = Replicas()
        .Text("Selector", "Selects the pods.", o => TableText.Labels(o["spec"]["selector"]), wide: true);

    public static TableLayout StatefulSet { get; } = TableLayout.Named()
        .Text("Ready", "Pods that are ready, of those wanted.", ReadyOfWanted)
        .Age().Containers(Template);

    public static TableLayout DaemonSet { get; } = TableLayout.Named()
        .Number("Desired", "Nodes that should run the pod.", o => o["status"]["desiredNumberScheduled"].Number)
        .Number("Current", "Nodes that should and do run the pod.", o => o["status"]["currentNumberScheduled"].Number)
        .Number("Ready", "Nodes on which the pod is ready.", o => o["status"]["numberReady"].Number)
        .Number("Up-to-date", "Nodes that run the current template.", o => o["status"]["updatedNumberScheduled"].Number)
        .Number("Available", "Nodes on which the pod has been ready for long enough.", o => o["status"]["numberAvailable"].Number)
        .Text("Node Selector", "Labels a node must have to run the pod.", o => TableText.Labels(Template(o)["nodeSelector"]))
        .Age().Containers(Template)
        .Text("Selector", "Selects the pods.", o => TableText.Selector(o["spec"]["selector"]), wide: true);

    public static TableLayout Job { get; } = TableLayout.Named()
        .Text("Status", "How the job stands.", JobStatus)
        .Text("Completions", "Pods that have succeeded, of those wanted.", Completions)
        .Timed("Duration", "How long the job took, or has taken so far.", Duration)
        .Age().Containers(Template)
        .Text("Selector", "Selects the pods.", o => TableText.Selector(o["spec"]["selector"]), wide: true);

    public static TableLayout CronJob { get; } = TableLayout.Named()
        .Text("Schedule", "When the job runs, in cron's notation.", o => o["spec"]["schedule"].Text)
        .Text("Timezone", "The time zone the schedule is in.", o => TableText.Or(o["spec"]["timeZone"], "<none>"))
        .Text("Suspend", "Whether further runs are held back.", o => !o["spec"]["suspend"].Exists ? "<unset>" : o["spec"]["suspend"].Flag ? "True" : "False")
        .Number("Active", "Jobs that run now.", o => o["status"]["active"].Count)
        .Timed("Last Schedule", "When a job was last started.", (o, now) => o["status"]["lastScheduleTime"].Exists ? TableLayout.Since(o["status"]["lastScheduleTime"], now) : "<none>")
        .Age().Containers(o => o["spec"]["jobTemplate"]["spec"]["template"]["spec"])
        .Text("Selector", "Selects the jobs' pods.", o => TableText.Selector(o["spec"]["jobTemplate"]["spec"]["selector"]), wide: true);

    public static TableLayout PodTemplate { get; } = TableLayout.Named()
        .Text("Containers", "Names of the template's containers.", o => TableLayout.Join(o["template"]["spec"]["containers"], "name"))
        .Text("Images", "Images of the template's containers.", o => TableLayout.Join(o["template"]["spec"]["containers"], "image"))
        .Text("Pod Labels", "Labels of the pods made from it.", o => TableText.Labels(o["template"]["metadata"]["labels"]));

    public static TableLayout ControllerRevision { get; } = TableLayout.Named()
        .Text("Controller", "The object whose revision this is.", Controller)
        .Number("Revision", "The revision's number.", o => o["revision"].Number, type: "string")
        .Age();

    public static TableLayout PodDisruptionBudget { get; } = TableLayout.Named()
        .Text("Min Available", "Pods that must stay available.", o => o["spec"]["minAvailable"].Exists ? TableText.NumberOrText(o["spec"]["minAvailable"]) : "N/A")
        .Text("Max Unavailable", "Pods that may be unavailable.", o => o["spec"]["maxUnavailable"].Exists ? TableText.NumberOrText(o["spec"]["maxUnavailable"]) : "N/A")
        .Number("Allowed Disruptions", "Pods that may be evicted now.", o => o["status"]["disruptionsAllowed"].Number)
        .Age();

    private static TableLayout Replicas() => TableLayout.Named()
        .Number("Desired", "Pods wanted.", o => o["spec"]["replicas"].Number)
        .Number("Current", "Pods there are.", o => o["status"]["replicas"].Number)
        .Number("Ready", "Pods that are ready.", o => o["status"]["readyReplicas"].Number)
        .Age().Containers(Template);

    private static Field Template(Field obj) => obj["spec"]["template"]["spec"];

    private static string ReadyOfWanted(Field obj) =>
        string.Create(CultureInfo.InvariantCulture, $"{obj["status"]["readyReplicas"].Number}/{obj["spec"]["replicas"].Number}");

    private static string JobStatus(Field job)
    {
        bool Has(string type) => job["status"]["conditions"].Items.Any(c => c["type"].Text == type && c["status"].Text == "True");
        return Has("Complete") ? "Complete"
            : Has("Failed") ? "Failed"
            : job["metadata"]["deletionTimestamp"].Exists ? "Terminating"
            : Has("Suspended") ? "Suspended"
            : Has("FailureTarget") ? "FailureTarget"
            : Has("SuccessCriteriaMet") ? "SuccessCriteriaMet"
            : "Running";
    }

    private static string Completions(Field job)
    {
        var done = job["status"]["succeeded"].Number;
        if (job["spec"]["completions"].Exists) return string.Create(CultureInfo.InvariantCulture, $"{done}/{job["spec"]["completions"].Number}");
        var parallelism = job["spec"]["parallelism"].Number;
        return done.ToString(CultureInfo.InvariantCulture) + (parallelism > 1 ? $"/1 of {parallelism.ToString(CultureInfo.InvariantCulture)}" : "/1");
    }

    private static string Duration(Field job, DateTimeOffset now) =>
        TableLayout.Instant(job["status"]["startTime"]) is not { } start ? ""
        : TableColumn.HumanDuration((TableLayout.Instant(job["status"]["completionTime"]) ?? now) - start);

    private static string Controller(Field revision)
    {
        foreach (var owner in revision["metadata"]["ownerReferences"].Items)
        {
            if (!owner["controller"].Flag) continue;
            var apiVersion = owner["apiVersion"].Text;
            var group = apiVersion.Contains('/') ? "." + apiVersion[..apiVersion.IndexOf('/')] : "";
            return $"{owner["kind"].Text.ToLowerInvariant()}{group}/{owner["name"].Text}";
        }
        return "<none>";
    }
}
