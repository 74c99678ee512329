using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Defaults;

/// <summary>Defaults of the kinds that make pods (upstream: pkg/apis/apps/v1, batch/v1 and core/v1 defaults).</summary>
internal static class WorkloadDefaults
{
    /// <summary>apps/v1 Deployment.</summary>
    public static void Deployment(JsonObject obj)
    {
        var spec = Replicated(obj);
        var strategy = spec.ObjectFor("strategy");
        strategy.ZeroTo("type", "RollingUpdate");
        if (strategy.TextAt("type") == "RollingUpdate")
        {
            var rolling = strategy.ObjectFor("rollingUpdate");
            rolling.DefaultTo("maxUnavailable", "25%");
            rolling.DefaultTo("maxSurge", "25%");
        }
        spec.DefaultTo("revisionHistoryLimit", 10);
        spec.DefaultTo("progressDeadlineSeconds", 600);
    }

    /// <summary>apps/v1 ReplicaSet.</summary>
    public static void ReplicaSet(JsonObject obj) => Replicated(obj);

    /// <summary>apps/v1 StatefulSet.</summary>
    public static void StatefulSet(JsonObject obj)
    {
        var spec = Replicated(obj);
        spec.ZeroTo("podManagementPolicy", "OrderedReady");
        var strategy = spec.ObjectFor("updateStrategy");
        if (strategy.TextAt("type").Length == 0)
        {
            strategy["type"] = "RollingUpdate";
            strategy.ObjectFor("rollingUpdate");
        }
        if (strategy.TextAt("type") == "RollingUpdate") strategy.ObjectAt("rollingUpdate")?.DefaultTo("partition", 0);
        var retention = spec.ObjectFor("persistentVolumeClaimRetentionPolicy");
        retention.ZeroTo("whenDeleted", "Retain");
        retention.ZeroTo("whenScaled", "Retain");
        spec.DefaultTo("revisionHistoryLimit", 10);
        foreach (var claim in spec.ObjectsAt("volumeClaimTemplates"))
        {
            // Whole objects, which protobuf carries without their kind: shown with it, as since ever.
            claim["apiVersion"] = "v1";
            claim["kind"] = "PersistentVolumeClaim";
            VolumeDefaults.Claim(claim.ObjectFor("spec"));
            claim.ObjectFor("status").ZeroTo("phase", "Pending");
        }
    }

    /// <summary>apps/v1 DaemonSet.</summary>
    public static void DaemonSet(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        PodDefaults.Template(spec.ObjectAt("template"));
        var strategy = spec.ObjectFor("updateStrategy");
        strategy.ZeroTo("type", "RollingUpdate");
        if (strategy.TextAt("type") == "RollingUpdate")
        {
            var rolling = strategy.ObjectFor("rollingUpdate");
            rolling.DefaultTo("maxUnavailable", 1);
            rolling.DefaultTo("maxSurge", 0);
        }
        spec.DefaultTo("revisionHistoryLimit", 10);
    }

    /// <summary>v1 ReplicationController: its selector and its labels come from the template.</summary>
    public static void ReplicationController(JsonObject obj)
    {
        var spec = Replicated(obj);
        if (TemplateLabels(spec) is not { } labels) return;
        if (spec.ObjectAt("selector") is not { Count: > 0 }) spec["selector"] = labels.DeepClone();
        LabelFromTemplate(obj, labels);
    }

    /// <summary>v1 PodTemplate.</summary>
    public static void PodTemplate(JsonObject obj) => PodDefaults.Template(obj.ObjectAt("template"));

    /// <summary>batch/v1 Job.</summary>
    public static void Job(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        PodDefaults.Template(spec.ObjectAt("template"));
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
            spec["parallelism"] = 1;
        }
        spec.DefaultTo("parallelism", 1);
        spec.DefaultTo("backoffLimit", spec["backoffLimitPerIndex"] is null ? 6 : int.MaxValue);
        spec.DefaultTo("completionMode", "NonIndexed");
        spec.DefaultTo("suspend", false);
        spec.DefaultTo("manualSelector", false);
        spec.DefaultTo("podReplacementPolicy", spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed");
        if (spec.ObjectAt("podFailurePolicy") is { } failure)
            foreach (var rule in failure.ObjectsAt("rules"))
                foreach (var pattern in rule.ObjectsAt("onPodConditions")) pattern.ZeroTo("status", "True");
        if (TemplateLabels(spec) is { } labels) LabelFromTemplate(obj, labels);
    }

    /// <summary>batch/v1 CronJob.</summary>
    public static void CronJob(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        spec.ZeroTo("concurrencyPolicy", "Allow");
        spec.DefaultTo("suspend", false);
        spec.DefaultTo("successfulJobsHistoryLimit", 3);
        spec.DefaultTo("failedJobsHistoryLimit", 1);
        PodDefaults.Template(spec.ObjectAt("jobTemplate")?.ObjectAt("spec")?.ObjectAt("template"));
    }

    private static JsonObject Replicated(JsonObject obj)
    {
        var spec = obj.ObjectFor("spec");
        spec.DefaultTo("replicas", 1);
        PodDefaults.Template(spec.ObjectAt("template"));
        return spec;
    }

    private static JsonObject? TemplateLabels(JsonObject spec) =>
        spec.ObjectAt("template")?.ObjectAt("metadata")?.ObjectAt("labels") is { Count: > 0 } labels ? labels : null;

    private static void LabelFromTemplate(JsonObject obj, JsonObject labels)
    {
        var meta = obj.ObjectFor("metadata");
        if (meta.ObjectAt("labels") is not { Count: > 0 }) meta["labels"] = labels.DeepClone();
    }
}
