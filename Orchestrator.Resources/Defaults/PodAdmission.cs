using System.Text.Json.Nodes;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Defaults;

/// <summary>
/// What upstream's built-in admission plugins do to a new pod, as one pure step between defaulting and validation: ServiceAccount,
/// DefaultTolerationSeconds and Priority. Mirror pods (static pods of a node) are left without an account, as upstream leaves them.
/// </summary>
public static class PodAdmission
{
    private const string TokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string TokenVolumePrefix = "kube-api-access-";
    private const int TolerationSeconds = 300;

    /// <summary>One hour and seven seconds: upstream's mark for "a token nobody asked a particular lifetime for".</summary>
    private const int TokenSeconds = 3607;

    /// <summary>Name of the account a pod runs as: what it says, else <c>default</c>.</summary>
    public static string ServiceAccountName(JsonObject pod) =>
        pod.ObjectAt("spec")?.TextAt("serviceAccountName") is { Length: > 0 } name ? name : "default";

    /// <summary>
    /// Completes a defaulted pod in place. <paramref name="account"/> is the account named by <see cref="ServiceAccountName"/>;
    /// <paramref name="priority"/> and <paramref name="preemption"/> come from its PriorityClass, <c>0</c> and
    /// <c>PreemptLowerPriority</c> without one. <paramref name="random"/> names the token volume.
    /// </summary>
    public static void Admit(JsonObject pod, ServiceAccountFacts account, Random random, int priority = 0, string preemption = "PreemptLowerPriority")
    {
        var spec = pod.ObjectFor("spec");
        spec.DefaultTo("priority", priority);
        spec.DefaultTo("preemptionPolicy", preemption);
        Tolerate(spec, "node.kubernetes.io/not-ready");
        Tolerate(spec, "node.kubernetes.io/unreachable");
        if (pod.ObjectAt("metadata")?.ObjectAt("annotations")?["kubernetes.io/config.mirror"] is not null) return;
        var name = ServiceAccountName(pod);
        spec["serviceAccountName"] = name;
        spec["serviceAccount"] = name;
        if (spec["imagePullSecrets"] is not JsonArray { Count: > 0 } && account.ImagePullSecrets.Count > 0)
            spec["imagePullSecrets"] = new JsonArray([.. account.ImagePullSecrets.Select(s => new JsonObject { ["name"] = s })]);
        var automount = spec["automountServiceAccountToken"]?.GetValue<bool>() ?? account.AutomountToken ?? true;
        if (automount) MountToken(spec, random);
    }

    private static void Tolerate(JsonObject spec, string taint)
    {
        foreach (var toleration in spec.ObjectsAt("tolerations"))
        {
            var key = toleration.TextAt("key");
            if ((key == taint || key.Length == 0) && toleration.TextAt("effect") is "NoExecute" or "") return;
        }
        if (spec["tolerations"] is not JsonArray list) spec["tolerations"] = list = [];
        list.Add(new JsonObject { ["key"] = taint, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = TolerationSeconds });
    }

    private static void MountToken(JsonObject spec, Random random)
    {
        // An earlier admission (a pod copied with its volumes) may have brought the volume along.
        var volume = spec.ObjectsAt("volumes").Select(v => v.TextAt("name")).FirstOrDefault(n => n.StartsWith(TokenVolumePrefix, StringComparison.Ordinal));
        var name = volume ?? GeneratedNames.FromPrefix(TokenVolumePrefix, random);
        var mounted = false;
        foreach (var container in spec.ObjectsAt("initContainers").Concat(spec.ObjectsAt("containers")))
        {
            if (container.ObjectsAt("volumeMounts").Any(m => m.TextAt("mountPath") == TokenMountPath)) continue;
            if (container["volumeMounts"] is not JsonArray mounts) container["volumeMounts"] = mounts = [];
            mounts.Add(new JsonObject { ["name"] = name, ["readOnly"] = true, ["mountPath"] = TokenMountPath });
            mounted = true;
        }
        if (!mounted || volume is not null) return;
        if (spec["volumes"] is not JsonArray volumes) spec["volumes"] = volumes = [];
        volumes.Add(TokenVolume(name));
    }

    private static JsonObject TokenVolume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenSeconds, ["path"] = "token" } },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject
                        {
                            ["path"] = "namespace",
                            ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                        }),
                    },
                }),
            ["defaultMode"] = 420,
        },
    };
}
