using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Admission;

/// <summary>
/// What admission is asked about (k8s.io/apiserver admission.Attributes): one operation on one object, or on what a subresource takes. <see cref="Object"/> is changed on the way
/// through mutating admission; everything else stays.
/// </summary>
public sealed class AdmissionAttributes
{
    /// <summary><see cref="Operation"/> of a new object.</summary>
    public const string Create = "CREATE";

    /// <summary><see cref="Operation"/> of a change.</summary>
    public const string Update = "UPDATE";

    /// <summary><see cref="Operation"/> of a deletion: no object, only the old one.</summary>
    public const string Delete = "DELETE";

    /// <summary><see cref="Operation"/> of exec, attach, port-forward and proxy: the object holds the options.</summary>
    public const string Connect = "CONNECT";

    /// <summary>CREATE, UPDATE, DELETE or CONNECT.</summary>
    public required string Operation { get; init; }

    /// <summary>The resource in the version that the client speaks.</summary>
    public required ResourceKind Resource { get; init; }

    /// <summary>Subresource, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Group, version and kind of <see cref="Object"/>: the resource's own, or what the subresource takes (Scale, Binding, PodExecOptions).</summary>
    public required AdmissionKind Kind { get; init; }

    /// <summary>Name, empty where the server has yet to make one.</summary>
    public string Name { get; init; } = "";

    /// <summary>Namespace, or empty.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The object as it shall be, or null (DELETE).</summary>
    public JsonObject? Object { get; set; }

    /// <summary>The object as it is, or null (CREATE, CONNECT).</summary>
    public JsonObject? OldObject { get; init; }

    /// <summary>meta/v1 CreateOptions, UpdateOptions, PatchOptions or DeleteOptions, or null.</summary>
    public JsonObject? Options { get; init; }

    /// <summary>Nothing will be persisted.</summary>
    public bool DryRun { get; init; }

    /// <summary>authentication.k8s.io/v1 UserInfo of who asks.</summary>
    public required JsonObject UserInfo { get; init; }

    /// <summary>Whether <see cref="Object"/> is the resource's own kind, which has other versions and defaults.</summary>
    public bool IsWholeObject => Kind == AdmissionKind.Of(Resource);

    /// <summary><see cref="OldObject"/> or <see cref="Object"/>: which there is, the new one first.</summary>
    public JsonObject? Either => Object ?? OldObject;
}

/// <summary>Group, version and kind of what is admitted.</summary>
public readonly record struct AdmissionKind(string Group, string Version, string Kind)
{
    /// <summary>A stored resource's own.</summary>
    public static AdmissionKind Of(ResourceKind kind) => new(kind.Group, kind.Version, kind.Kind);

    /// <summary>autoscaling/v1 Scale.</summary>
    public static AdmissionKind Scale { get; } = new("autoscaling", "v1", "Scale");

    /// <summary>As JSON.</summary>
    public JsonObject ToJson() => new() { ["group"] = Group, ["version"] = Version, ["kind"] = Kind };
}
