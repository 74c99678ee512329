namespace Orchestrator.SchemaTool;

/// <summary>One Go package to read: where it lies, how its types are called in the schema and in C#, and which apiVersion it registers.</summary>
public sealed record Source(string ImportPath, string SchemaPrefix, string Namespace, string ApiVersion);

/// <summary>The packages the schema is made of: every built-in stable group, and what they refer to.</summary>
public static class Sources
{
    /// <summary>All of them, meta first.</summary>
    public static IReadOnlyList<Source> All { get; } =
    [
        new("k8s.io/apimachinery/pkg/apis/meta/v1", "io.k8s.apimachinery.pkg.apis.meta.v1", "Meta.V1", "v1"),
        Api("core", "v1", ""),
        Api("apps", "v1", "apps"), Api("batch", "v1", "batch"), Api("autoscaling", "v1", "autoscaling"), Api("autoscaling", "v2", "autoscaling"),
        Api("policy", "v1", "policy"), Api("networking", "v1", "networking.k8s.io"), Api("discovery", "v1", "discovery.k8s.io"),
        Api("events", "v1", "events.k8s.io"), Api("coordination", "v1", "coordination.k8s.io"), Api("rbac", "v1", "rbac.authorization.k8s.io"),
        Api("storage", "v1", "storage.k8s.io"), Api("scheduling", "v1", "scheduling.k8s.io"), Api("node", "v1", "node.k8s.io"),
        Api("certificates", "v1", "certificates.k8s.io"), Api("admissionregistration", "v1", "admissionregistration.k8s.io"), Api("admission", "v1", "admission.k8s.io"),
        Api("authentication", "v1", "authentication.k8s.io"), Api("authorization", "v1", "authorization.k8s.io"), Api("flowcontrol", "v1", "flowcontrol.apiserver.k8s.io"),
        Api("apidiscovery", "v2", "apidiscovery.k8s.io"),
        new("k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1", "Apiextensions.V1", "apiextensions.k8s.io/v1"),
        new("k8s.io/kube-aggregator/pkg/apis/apiregistration/v1", "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1", "Apiregistration.V1", "apiregistration.k8s.io/v1"),
    ];

    /// <summary>Go types that have a JSON form of their own, by import path and name.</summary>
    public static IReadOnlyDictionary<string, string> Special { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["k8s.io/apimachinery/pkg/apis/meta/v1.Time"] = "time",
        ["k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime"] = "microtime",
        ["k8s.io/apimachinery/pkg/apis/meta/v1.Duration"] = "duration",
        ["k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1"] = "fields",
        ["k8s.io/apimachinery/pkg/api/resource.Quantity"] = "quantity",
        ["k8s.io/apimachinery/pkg/util/intstr.IntOrString"] = "intorstring",
        ["k8s.io/apimachinery/pkg/runtime.RawExtension"] = "raw",
        ["k8s.io/apimachinery/pkg/runtime.Object"] = "raw",
        ["k8s.io/apimachinery/pkg/types.UID"] = "string",
        ["k8s.io/apimachinery/pkg/types.NodeName"] = "string",
        ["k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON"] = "raw",
        ["k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray"] = "raw",
        ["k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool"] = "raw",
        ["k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray"] = "raw",
    };

    /// <summary>The groups' alpha and beta versions, which the API does not serve; their fixtures test the codecs.</summary>
    public static IReadOnlyList<Source> PreRelease { get; } =
    [
        Api("admission", "v1beta1", "admission.k8s.io"), Api("admissionregistration", "v1alpha1", "admissionregistration.k8s.io"), Api("admissionregistration", "v1beta1", "admissionregistration.k8s.io"),
        Api("apidiscovery", "v2beta1", "apidiscovery.k8s.io"), Api("apiserverinternal", "v1alpha1", "internal.apiserver.k8s.io"), Api("apps", "v1beta1", "apps"), Api("apps", "v1beta2", "apps"),
        Api("authentication", "v1alpha1", "authentication.k8s.io"), Api("authentication", "v1beta1", "authentication.k8s.io"), Api("authorization", "v1beta1", "authorization.k8s.io"),
        Api("autoscaling", "v2beta1", "autoscaling"), Api("autoscaling", "v2beta2", "autoscaling"), Api("batch", "v1beta1", "batch"),
        Api("certificates", "v1alpha1", "certificates.k8s.io"), Api("certificates", "v1beta1", "certificates.k8s.io"),
        Api("coordination", "v1alpha2", "coordination.k8s.io"), Api("coordination", "v1beta1", "coordination.k8s.io"), Api("discovery", "v1beta1", "discovery.k8s.io"), Api("events", "v1beta1", "events.k8s.io"),
        Api("extensions", "v1beta1", "extensions"), Api("flowcontrol", "v1beta1", "flowcontrol.apiserver.k8s.io"), Api("flowcontrol", "v1beta2", "flowcontrol.apiserver.k8s.io"), Api("flowcontrol", "v1beta3", "flowcontrol.apiserver.k8s.io"),
        Api("imagepolicy", "v1alpha1", "imagepolicy.k8s.io"), Api("networking", "v1alpha1", "networking.k8s.io"), Api("networking", "v1beta1", "networking.k8s.io"),
        Api("node", "v1alpha1", "node.k8s.io"), Api("node", "v1beta1", "node.k8s.io"), Api("policy", "v1beta1", "policy"),
        Api("rbac", "v1alpha1", "rbac.authorization.k8s.io"), Api("rbac", "v1beta1", "rbac.authorization.k8s.io"), Api("resource", "v1alpha3", "resource.k8s.io"), Api("resource", "v1beta1", "resource.k8s.io"),
        Api("scheduling", "v1alpha1", "scheduling.k8s.io"), Api("scheduling", "v1beta1", "scheduling.k8s.io"), Api("storage", "v1alpha1", "storage.k8s.io"), Api("storage", "v1beta1", "storage.k8s.io"),
        Api("storagemigration", "v1alpha1", "storagemigration.k8s.io"),
    ];

    private static Source Api(string folder, string version, string group) => new(
        $"k8s.io/api/{folder}/{version}", $"io.k8s.api.{folder}.{version}", $"{char.ToUpperInvariant(folder[0])}{folder[1..]}.V{version[1..]}",
        group.Length == 0 ? version : $"{group}/{version}");
}
