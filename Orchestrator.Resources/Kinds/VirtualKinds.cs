namespace Orchestrator.Resources.Kinds;

/// <summary>The kinds without storage, and which subresource carries which of them.</summary>
public static class VirtualKinds
{
    private static readonly IReadOnlyList<string> CreateOnly = ["create"];

    /// <summary>Every virtual kind.</summary>
    public static IReadOnlyList<VirtualKind> All { get; } =
    [
        new("", "v1", "Binding", "bindings", true, "io.k8s.api.core.v1.Binding", CreateOnly),
        new("", "v1", "ComponentStatus", "componentstatuses", false, "io.k8s.api.core.v1.ComponentStatus", ["get", "list"]) { ShortNames = ["cs"] },
        new("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", false, "io.k8s.api.authentication.v1.SelfSubjectReview", CreateOnly),
        new("authentication.k8s.io", "v1", "TokenRequest", "", true, "io.k8s.api.authentication.v1.TokenRequest", CreateOnly),
        new("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", false, "io.k8s.api.authentication.v1.TokenReview", CreateOnly),
        new("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", true, "io.k8s.api.authorization.v1.LocalSubjectAccessReview", CreateOnly),
        new("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false, "io.k8s.api.authorization.v1.SelfSubjectAccessReview", CreateOnly),
        new("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", false, "io.k8s.api.authorization.v1.SelfSubjectRulesReview", CreateOnly),
        new("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", false, "io.k8s.api.authorization.v1.SubjectAccessReview", CreateOnly),
        new("autoscaling", "v1", "Scale", "", true, "io.k8s.api.autoscaling.v1.Scale", ["get", "patch", "update"]),
        new("policy", "v1", "Eviction", "", true, "io.k8s.api.policy.v1.Eviction", CreateOnly),
    ];

    /// <summary>The virtual kind posted to at <c>/apis/{group}/{version}/{plural}</c>, or null.</summary>
    public static VirtualKind? Find(string group, string version, string plural) =>
        plural.Length == 0 ? null : All.FirstOrDefault(k => k.Group == group && k.Version == version && k.Plural == plural);

    /// <summary>What a subresource's requests and replies carry where that is not the parent's own kind: <c>scale</c>, <c>binding</c>, <c>eviction</c>, <c>token</c>; else null.</summary>
    public static VirtualKind? OfSubresource(string subresource) => subresource switch
    {
        "scale" => Named("Scale"),
        "binding" => Named("Binding"),
        "eviction" => Named("Eviction"),
        "token" => Named("TokenRequest"),
        _ => null,
    };

    private static VirtualKind Named(string kind) => All.First(k => k.Kind == kind);
}
