using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Defaults;

/// <summary>
/// Defaults of pods and of the pod templates inside workloads (upstream: pkg/apis/core/v1/defaults.go). What upstream does in admission
/// (service account, tolerations, priority) is in <see cref="PodAdmission"/>.
/// </summary>
internal static class PodDefaults
{
    /// <summary>A Pod object. Beyond its spec: requests follow limits, host ports follow container ports on the host network.</summary>
    public static void Pod(JsonObject pod)
    {
        var spec = pod.ObjectFor("spec");
        Spec(spec);
        spec.DefaultTo("enableServiceLinks", true);
        foreach (var container in Containers(spec))
        {
            RequestsFromLimits(container);
            if (spec["hostNetwork"]?.GetValue<bool>() != true) continue;
            foreach (var port in container.ObjectsAt("ports"))
                if (port["containerPort"] is { } number) port.ZeroTo("hostPort", number.DeepClone());
        }
    }

    /// <summary>A PodTemplateSpec, such as <c>spec.template</c> of a Deployment; null is left alone.</summary>
    public static void Template(JsonObject? template)
    {
        if (template is not null) Spec(template.ObjectFor("spec"));
    }

    private static void Spec(JsonObject spec)
    {
        spec.ZeroTo("dnsPolicy", "ClusterFirst");
        spec.ZeroTo("restartPolicy", "Always");
        spec.DefaultTo("securityContext", new JsonObject());
        spec.DefaultTo("terminationGracePeriodSeconds", 30);
        spec.ZeroTo("schedulerName", "default-scheduler");
        // The deprecated spelling and the present one always say the same.
        if (spec.TextAt("serviceAccountName") is { Length: > 0 } account) spec["serviceAccount"] = account;
        else if (spec.TextAt("serviceAccount") is { Length: > 0 } deprecated) spec["serviceAccountName"] = deprecated;
        foreach (var container in Containers(spec)) Container(container);
        foreach (var container in spec.ObjectsAt("ephemeralContainers")) Container(container);
        foreach (var volume in spec.ObjectsAt("volumes")) VolumeDefaults.Volume(volume);
    }

    private static IEnumerable<JsonObject> Containers(JsonObject spec) => spec.ObjectsAt("initContainers").Concat(spec.ObjectsAt("containers"));

    private static void Container(JsonObject container)
    {
        container.ZeroTo("imagePullPolicy", ImageTag.IsLatest(container.TextAt("image")) ? "Always" : "IfNotPresent");
        container.ZeroTo("terminationMessagePath", "/dev/termination-log");
        container.ZeroTo("terminationMessagePolicy", "File");
        // resources is a plain struct: Go always writes it, empty or not.
        container.DefaultTo("resources", new JsonObject());
        foreach (var port in container.ObjectsAt("ports")) port.ZeroTo("protocol", "TCP");
        foreach (var variable in container.ObjectsAt("env"))
            if (variable.ObjectAt("valueFrom") is { } source) FieldReference(source);
        foreach (var probe in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
            if (container.ObjectAt(probe) is { } present) Probe(present);
        if (container.ObjectAt("lifecycle") is not { } lifecycle) return;
        foreach (var hook in (ReadOnlySpan<string>)["postStart", "preStop"])
            if (lifecycle.ObjectAt(hook) is { } handler) Handler(handler);
    }

    /// <summary>The apiVersion of a <c>fieldRef</c> inside an environment source or a downward API file.</summary>
    internal static void FieldReference(JsonObject source)
    {
        source.ObjectAt("fieldRef")?.ZeroTo("apiVersion", "v1");
        source.ObjectAt("resourceFieldRef")?.DefaultTo("divisor", "0");
    }

    private static void Probe(JsonObject probe)
    {
        Handler(probe);
        probe.ZeroTo("timeoutSeconds", 1);
        probe.ZeroTo("periodSeconds", 10);
        probe.ZeroTo("successThreshold", 1);
        probe.ZeroTo("failureThreshold", 3);
    }

    private static void Handler(JsonObject handler)
    {
        if (handler.ObjectAt("httpGet") is { } http)
        {
            http.ZeroTo("path", "/");
            http.ZeroTo("scheme", "HTTP");
        }
        handler.ObjectAt("grpc")?.DefaultTo("service", "");
    }

    private static void RequestsFromLimits(JsonObject container)
    {
        if (container.ObjectAt("resources")?.ObjectAt("limits") is not { Count: > 0 } limits) return;
        var requests = container.ObjectFor("resources").ObjectFor("requests");
        foreach (var (resource, quantity) in limits)
            if (quantity is not null) requests.DefaultTo(resource, quantity.DeepClone());
    }
}
