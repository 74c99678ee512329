using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Validation.Pods;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of the kinds that make pods (upstream: pkg/apis/apps/validation, pkg/apis/batch/validation).</summary>
internal static class WorkloadValidation
{
    private const string NoMatch = "`selector` does not match template `labels`";

    /// <summary>apps/v1 Deployment.</summary>
    public static void Deployment(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        errors.NonNegative(spec["replicas"]);
        Selector(spec["selector"], "deployment", errors);
        Template(spec, "ReplicaSet", errors);
        DeploymentStrategy(spec["strategy"], errors);
        errors.NonNegative(spec["minReadySeconds"]);
        errors.NonNegative(spec["revisionHistoryLimit"]);
        var deadline = spec["progressDeadlineSeconds"];
        if (!deadline.Exists) return;
        errors.NonNegative(deadline);
        if (deadline.Number <= spec["minReadySeconds"].Number) errors.Invalid(deadline, "must be greater than minReadySeconds");
    }

    /// <summary>apps/v1 ReplicaSet.</summary>
    public static void ReplicaSet(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        errors.NonNegative(spec["replicas"]);
        errors.NonNegative(spec["minReadySeconds"]);
        Selector(spec["selector"], "deployment", errors);
        Template(spec, "ReplicaSet", errors);
    }

    /// <summary>apps/v1 StatefulSet.</summary>
    public static void StatefulSet(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        var policy = spec["podManagementPolicy"];
        if (policy.Text is not ("OrderedReady" or "Parallel")) errors.Invalid(policy, "must be 'OrderedReady' or 'Parallel'");
        var strategy = spec["updateStrategy"];
        if (strategy["type"].Text is not ("RollingUpdate" or "OnDelete")) errors.Invalid(strategy, "must be 'RollingUpdate' or 'OnDelete'");
        else if (strategy["type"].Text == "OnDelete" && strategy["rollingUpdate"].Exists) errors.Invalid(strategy["rollingUpdate"], "only allowed for updateStrategy 'RollingUpdate'");
        errors.NonNegative(strategy["rollingUpdate"]["partition"]);
        foreach (var when in (ReadOnlySpan<string>)["whenDeleted", "whenScaled"])
            if (spec["persistentVolumeClaimRetentionPolicy"].Exists) errors.OneOf(spec["persistentVolumeClaimRetentionPolicy"][when], "Retain", "Delete");
        errors.NonNegative(spec["replicas"]);
        errors.NonNegative(spec["minReadySeconds"]);
        errors.NonNegative(spec["revisionHistoryLimit"]);
        errors.NonNegative(spec["ordinals"]["start"]);
        Selector(spec["selector"], "statefulset", errors);
        Template(spec, "StatefulSet", errors);
    }

    /// <summary>apps/v1 DaemonSet.</summary>
    public static void DaemonSet(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        Selector(spec["selector"], "daemonset", errors);
        Template(spec, "DaemonSet", errors);
        errors.NonNegative(spec["minReadySeconds"]);
        errors.NonNegative(spec["revisionHistoryLimit"]);
        var strategy = spec["updateStrategy"];
        if (strategy["type"].Text is not ("RollingUpdate" or "OnDelete"))
        {
            errors.NotSupported(strategy["type"], ["RollingUpdate", "OnDelete"]);
            return;
        }
        if (strategy["type"].Text == "OnDelete") return;
        var rolling = strategy["rollingUpdate"];
        if (!rolling.Exists) errors.Required(rolling);
        else RollingLimits(rolling, errors, surgeAndUnavailable: false);
    }

    /// <summary>v1 ReplicationController; its selector is a plain map.</summary>
    public static void ReplicationController(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        errors.NonNegative(spec["minReadySeconds"]);
        if (spec["selector"].Count == 0) errors.Required(spec["selector"]);
        errors.NonNegative(spec["replicas"]);
        var template = spec["template"];
        if (!template.Exists)
        {
            errors.Required(template);
            return;
        }
        var labels = template["metadata"]["labels"];
        if (spec["selector"].Entries.Any(l => labels[l.Key].Text != l.Value.Text || !labels[l.Key].Exists)) errors.Invalid(labels, NoMatch);
        LongRunning(template, "ReplicationController", errors);
    }

    /// <summary>v1 PodTemplate.</summary>
    public static void PodTemplate(Field obj, FieldErrors errors) => PodSpecValidation.Template(obj["template"], errors);

    /// <summary>batch/v1 Job. The selector and its labels are the controller's to generate.</summary>
    public static void Job(Field obj, FieldErrors errors) => JobSpec(obj["spec"], errors);

    /// <summary>batch/v1 CronJob.</summary>
    public static void CronJob(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        if (spec["schedule"].Text.Length == 0) errors.Required(spec["schedule"]);
        else if (!spec["schedule"].Text.StartsWith('@') && spec["schedule"].Text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length != 5)
            errors.Invalid(spec["schedule"], $"expected exactly 5 fields, found {spec["schedule"].Text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length.ToString(CultureInfo.InvariantCulture)}: [{spec["schedule"].Text}]");
        errors.NonNegative(spec["startingDeadlineSeconds"]);
        errors.OneOf(spec["concurrencyPolicy"], "Allow", "Forbid", "Replace");
        errors.NonNegative(spec["successfulJobsHistoryLimit"]);
        errors.NonNegative(spec["failedJobsHistoryLimit"]);
        JobSpec(spec["jobTemplate"]["spec"], errors);
    }

    /// <summary>autoscaling/v2 HorizontalPodAutoscaler.</summary>
    public static void Autoscaler(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        var (least, most) = (spec["minReplicas"], spec["maxReplicas"]);
        if (least.Exists && least.Number < 1) errors.Invalid(least, "must be greater than or equal to 1");
        if (most.Number < 1) errors.Invalid(most, "must be greater than 0");
        if (least.Exists && most.Number < least.Number) errors.Invalid(most, "must be greater than or equal to `minReplicas`");
        foreach (var part in (ReadOnlySpan<string>)["kind", "name"])
            if (spec["scaleTargetRef"][part].Text.Length == 0) errors.Required(spec["scaleTargetRef"][part]);
            else errors.Invalid(spec["scaleTargetRef"][part], NameFormats.PathSegment(spec["scaleTargetRef"][part].Text, isPrefix: false));
    }

    /// <summary>The selector decides which pods are whose: it never changes.</summary>
    public static void SelectorChange(Field now, Field before, FieldErrors errors) => errors.Immutable(now["spec"]["selector"], before["spec"]["selector"]);

    /// <summary>Of a StatefulSet only a few fields may change.</summary>
    public static void StatefulSetChange(Field now, Field before, FieldErrors errors)
    {
        string[] mutable = ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"];
        if (!SameExcept(now["spec"], before["spec"], mutable))
            errors.Forbidden(now["spec"], "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
    }

    /// <summary>What a Job runs and how often is settled when it is made.</summary>
    public static void JobChange(Field now, Field before, FieldErrors errors)
    {
        var (spec, old) = (now["spec"], before["spec"]);
        foreach (var field in (ReadOnlySpan<string>)["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]) errors.Immutable(spec[field], old[field]);
        if (spec["completionMode"].Text != "Indexed") errors.Immutable(spec["completions"], old["completions"]);
        if (!old["suspend"].Flag || before["status"]["startTime"].Exists) errors.Immutable(spec["template"], old["template"]);
    }

    /// <summary>Replica counts of a status are not negative and not above the total.</summary>
    public static void ReplicaStatus(Field obj, FieldErrors errors)
    {
        var status = obj["status"];
        foreach (var (name, value) in status.Entries)
            if (name.EndsWith("eplicas", StringComparison.Ordinal) || name is "observedGeneration" or "collisionCount") errors.NonNegative(new Field(value.Node, status.Path.Child(name)));
        foreach (var part in (ReadOnlySpan<string>)["updatedReplicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"])
            if (status[part].Number > status["replicas"].Number) errors.Invalid(status[part], "cannot be greater than status.replicas");
        if (status["availableReplicas"].Number > status["readyReplicas"].Number) errors.Invalid(status["availableReplicas"], "cannot be greater than readyReplicas");
    }

    private static void JobSpec(Field spec, FieldErrors errors)
    {
        foreach (var number in (ReadOnlySpan<string>)["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"])
            errors.NonNegative(spec[number]);
        var mode = spec["completionMode"];
        if (mode.Exists && mode.Text is not ("NonIndexed" or "Indexed")) errors.NotSupported(mode, ["NonIndexed", "Indexed"]);
        if (mode.Text == "Indexed" && !spec["completions"].Exists) errors.Required(spec["completions"], "when completion mode is Indexed");
        LabelSelectorValidation.Selector(spec["selector"], errors);
        var template = spec["template"];
        PodSpecValidation.Template(template, errors);
        var policy = template["spec"]["restartPolicy"];
        if (policy.Text == "Always") errors.Required(policy, "valid values: \"OnFailure\", \"Never\"");
    }

    private static void Selector(Field selector, string kind, FieldErrors errors)
    {
        if (!selector.Exists)
        {
            errors.Required(selector);
            return;
        }
        LabelSelectorValidation.Selector(selector, errors);
        if (selector["matchLabels"].Count + selector["matchExpressions"].Count == 0) errors.Invalid(selector, $"empty selector is invalid for {kind}");
    }

    private static void Template(Field spec, string kind, FieldErrors errors)
    {
        var template = spec["template"];
        try
        {
            // An absent selector selects nothing, and is reported as such already.
            if (!LabelSelector.FromJson(spec["selector"].Node).Matches(template["metadata"]["labels"].Node as JsonObject))
                errors.Invalid(template["metadata"]["labels"], NoMatch);
        }
        catch (FormatException)
        {
            errors.Invalid(spec["selector"], "invalid label selector");
        }
        LongRunning(template, kind, errors);
    }

    private static void LongRunning(Field template, string kind, FieldErrors errors)
    {
        // As upstream, a StatefulSet's pods are judged when they are made: their mounts may name claims that the set makes for each of them.
        if (kind == "StatefulSet") PodSpecValidation.TemplateMetadata(template, errors); else PodSpecValidation.Template(template, errors);
        var policy = template["spec"]["restartPolicy"];
        if (policy.Text != "Always") errors.NotSupported(policy, ["Always"]);
        var deadline = template["spec"]["activeDeadlineSeconds"];
        if (deadline.Exists) errors.Forbidden(deadline, $"activeDeadlineSeconds in {kind} is not Supported");
    }

    private static void DeploymentStrategy(Field strategy, FieldErrors errors)
    {
        var rolling = strategy["rollingUpdate"];
        switch (strategy["type"].Text)
        {
            case "Recreate":
                if (rolling.Exists) errors.Forbidden(rolling, "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "RollingUpdate":
                if (!rolling.Exists) errors.Required(rolling, "this should be defaulted and never be nil");
                else RollingLimits(rolling, errors, surgeAndUnavailable: true);
                break;
            default:
                errors.NotSupported(strategy["type"], ["Recreate", "RollingUpdate"]);
                break;
        }
    }

    private static void RollingLimits(Field rolling, FieldErrors errors, bool surgeAndUnavailable)
    {
        var (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"]);
        CountOrPercent(unavailable, errors);
        CountOrPercent(surge, errors);
        if (IsZero(unavailable) && IsZero(surge)) errors.Invalid(unavailable, "may not be 0 when `maxSurge` is 0");
        else if (!surgeAndUnavailable && !IsZero(unavailable) && !IsZero(surge)) errors.Invalid(surge, "may not be set when maxUnavailable is non-zero");
        if (Amount(unavailable) > 100 && unavailable.IsText) errors.Invalid(unavailable, "must not be greater than 100%");
        if (!surgeAndUnavailable && Amount(surge) > 100 && surge.IsText) errors.Invalid(surge, "must not be greater than 100%");
    }

    private static void CountOrPercent(Field value, FieldErrors errors)
    {
        if (value.IsText) errors.Invalid(value, NameFormats.Percent(value.Text));
        else errors.NonNegative(value);
    }

    private static bool IsZero(Field value) => Amount(value) == 0;

    private static long Amount(Field value) =>
        value.IsText ? long.TryParse(value.Text.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var percent) ? percent : 0 : value.Number;

    private static bool SameExcept(Field now, Field before, string[] except)
    {
        var names = now.Entries.Concat(before.Entries).Select(e => e.Key).Distinct(StringComparer.Ordinal).Except(except, StringComparer.Ordinal);
        return names.All(n => FieldErrorsAtField.SameValue(now[n].Node, before[n].Node));
    }
}
