using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Tables;

/// <summary>
/// The table of pods (upstream: printPod). STATUS is what a human wants to know first: the reason of the container that is stuck or
/// has failed, which init container runs, or the phase.
/// </summary>
internal static class PodTable
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.NameColumn,
        Column("Ready", "Containers that are ready, of all containers."),
        Column("Status", "The pod's phase, or the reason why it is not running."),
        Column("Restarts", "How often the pod's containers have been restarted, and when last."),
        TableColumn.AgeColumn,
        Column("IP", "The pod's address.", wide: true),
        Column("Node", "The node the pod runs on.", wide: true),
        Column("Nominated Node", "The node on which room is being made for the pod.", wide: true),
        Column("Readiness Gates", "Readiness gates that have passed, of all gates.", wide: true),
    ];

    public static IReadOnlyList<JsonNode?> Cells(JsonObject obj, DateTimeOffset now)
    {
        var pod = Field.Of(obj);
        var summary = new Summary(pod);
        return
        [
            pod["metadata"]["name"].Text,
            string.Create(CultureInfo.InvariantCulture, $"{summary.Ready}/{summary.Total}"),
            summary.Status,
            summary.RestartsAt(now),
            TableColumn.Age(obj, now),
            TableLayout.OrNone(pod["status"]["podIPs"].Items.Select(i => i["ip"].Text).FirstOrDefault() ?? ""),
            TableLayout.OrNone(pod["spec"]["nodeName"].Text),
            TableLayout.OrNone(pod["status"]["nominatedNodeName"].Text),
            ReadinessGates(pod),
        ];
    }

    private static TableColumn Column(string name, string description, bool wide = false) => new(name, "string", "", description, wide ? 1 : 0);

    private static string ReadinessGates(Field pod)
    {
        var gates = pod["spec"]["readinessGates"];
        if (gates.Count == 0) return "<none>";
        var passed = gates.Items.Count(g => ConditionStatus(pod, g["conditionType"].Text) == "True");
        return string.Create(CultureInfo.InvariantCulture, $"{passed}/{gates.Count}");
    }

    private static string ConditionStatus(Field pod, string type) =>
        pod["status"]["conditions"].Items.Where(c => c["type"].Text == type).Select(c => c["status"].Text).FirstOrDefault() ?? "";

    /// <summary>What the first columns say, computed in one pass over the container statuses.</summary>
    private sealed class Summary
    {
        private long _restarts;
        private DateTimeOffset? _lastRestart;

        public Summary(Field pod)
        {
            Total = pod["spec"]["containers"].Count;
            var status = pod["status"];
            var phase = status["phase"].Text;
            Status = status["reason"].Text.Length > 0 ? status["reason"].Text : phase;
            foreach (var condition in status["conditions"].Items)
                if (condition["type"].Text == "PodScheduled" && condition["reason"].Text == "SchedulingGated") Status = "SchedulingGated";
            if (!InitContainers(pod) || ConditionStatus(pod, "Initialized") == "True") Containers(pod);
            if (!pod["metadata"]["deletionTimestamp"].Exists) return;
            if (status["reason"].Text == "NodeLost") Status = "Unknown";
            else if (phase is not ("Succeeded" or "Failed")) Status = "Terminating";
        }

        public long Ready { get; private set; }

        public long Total { get; private set; }

        public string Status { get; private set; }

        public string RestartsAt(DateTimeOffset now) => _restarts != 0 && _lastRestart is { } at
            ? string.Create(CultureInfo.InvariantCulture, $"{_restarts} ({TableColumn.HumanDuration(now - at)} ago)")
            : _restarts.ToString(CultureInfo.InvariantCulture);

        /// <summary>True while an init container has not done its part yet.</summary>
        private bool InitContainers(Field pod)
        {
            var sidecars = pod["spec"]["initContainers"].Items.Where(c => c["restartPolicy"].Text == "Always").Select(c => c["name"].Text).ToHashSet(StringComparer.Ordinal);
            Total += sidecars.Count;
            var (sidecarRestarts, sidecarLast) = (0L, default(DateTimeOffset?));
            var initializing = false;
            var index = 0;
            foreach (var container in pod["status"]["initContainerStatuses"].Items)
            {
                var sidecar = sidecars.Contains(container["name"].Text);
                CountRestarts(container);
                if (sidecar)
                {
                    sidecarRestarts += container["restartCount"].Number;
                    sidecarLast = Later(sidecarLast, LastEnd(container));
                }
                var waiting = container["state"]["waiting"];
                var terminated = container["state"]["terminated"];
                if (sidecar && container["started"].Flag)
                {
                    if (container["ready"].Flag) Ready++;
                }
                else if (!(terminated.Exists && terminated["exitCode"].Number == 0))
                {
                    initializing = true;
                    Status = terminated.Exists ? "Init:" + Ended(terminated)
                        : waiting["reason"].Text is { Length: > 0 } reason && reason != "PodInitializing" ? "Init:" + reason
                        : string.Create(CultureInfo.InvariantCulture, $"Init:{index}/{pod["spec"]["initContainers"].Count}");
                    break;
                }
                index++;
            }
            // Once the containers run, only restarts of what runs beside them still matter.
            if (!initializing || ConditionStatus(pod, "Initialized") == "True") (_restarts, _lastRestart) = (sidecarRestarts, sidecarLast);
            return initializing;
        }

        private void Containers(Field pod)
        {
            var running = false;
            foreach (var container in pod["status"]["containerStatuses"].Items.Reverse())
            {
                CountRestarts(container);
                var state = container["state"];
                if (state["waiting"]["reason"].Text.Length > 0)
                {
                    Status = state["waiting"]["reason"].Text;
                }
                else if (state["terminated"].Exists)
                {
                    Status = Ended(state["terminated"]);
                }
                else if (container["ready"].Flag && state["running"].Exists)
                {
                    running = true;
                    Ready++;
                }
            }
            if (Status == "Completed" && running) Status = ConditionStatus(pod, "Ready") == "True" ? "Running" : "NotReady";
        }

        private void CountRestarts(Field container)
        {
            _restarts += container["restartCount"].Number;
            _lastRestart = Later(_lastRestart, LastEnd(container));
        }

        private static DateTimeOffset? LastEnd(Field container) => TableLayout.Instant(container["lastState"]["terminated"]["finishedAt"]);

        private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;

        private static string Ended(Field terminated) =>
            terminated["reason"].Text.Length > 0 ? terminated["reason"].Text
            : terminated["signal"].Number != 0 ? string.Create(CultureInfo.InvariantCulture, $"Signal:{terminated["signal"].Number}")
            : string.Create(CultureInfo.InvariantCulture, $"ExitCode:{terminated["exitCode"].Number}");
    }
}
