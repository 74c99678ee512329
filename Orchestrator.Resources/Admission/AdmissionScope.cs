using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;

namespace Orchestrator.Resources.Admission;

/// <summary>What the expressions of match conditions and policies see of a request: the names, their types, and their values (k8s.io/apiserver plugin/cel).</summary>
public sealed class AdmissionScope
{
    private static readonly CelType Group = Object("kind", ("group", CelType.String), ("version", CelType.String), ("kind", CelType.String));
    private static readonly CelType Resource = Object("resource", ("group", CelType.String), ("version", CelType.String), ("resource", CelType.String));
    private static readonly CelType User = Object("userInfo", ("username", CelType.String), ("uid", CelType.String), ("groups", CelType.List(CelType.String)), ("extra", CelType.Map(CelType.String, CelType.List(CelType.String))));

    private static readonly CelType Request = Object("kubernetes.AdmissionRequest", ("kind", Group), ("resource", Resource), ("subResource", CelType.String), ("requestKind", Group), ("requestResource", Resource),
        ("requestSubResource", CelType.String), ("name", CelType.String), ("namespace", CelType.String), ("operation", CelType.String), ("userInfo", User), ("dryRun", CelType.Bool), ("options", CelType.Dyn));

    private readonly object?[] _values;

    private AdmissionScope(object?[] values) => _values = values;

    /// <summary>The names, in the order of the values; <c>params</c> and <c>variables</c> only where there can be any.</summary>
    public static IReadOnlyList<CelVariable> Names(bool parameters = false, CelType? variables = null)
    {
        List<CelVariable> names =
        [
            new("object", CelType.Dyn), new("oldObject", CelType.Dyn), new("request", Request), new("namespaceObject", CelType.Dyn),
            new("authorizer", CelAuthorizerLibrary.AuthorizerType), new("authorizer.requestResource", CelAuthorizerLibrary.ResourceCheckType),
        ];
        // Slots are by position: what is missing keeps its place under a name that nobody can write.
        names.Add(new CelVariable(parameters ? "params" : "", CelType.Dyn));
        names.Add(new CelVariable(variables is null ? " " : "variables", variables ?? CelType.Dyn));
        return names;
    }

    /// <summary>The values for a request. <paramref name="namespaceObject"/> is null for what is in none, <paramref name="review"/> the request part of the review that describes it.</summary>
    public static AdmissionScope Of(AdmissionAttributes request, JsonObject? obj, JsonObject? old, JsonObject review, JsonObject? namespaceObject, CelAuthorize authorize)
    {
        var access = new CelAccess("", "", request.Resource.Group, request.Resource.Plural, request.Subresource, request.Namespace, request.Name);
        return new AdmissionScope(
        [
            CelValue.Of(obj, CelType.Dyn), CelValue.Of(old, CelType.Dyn), CelValue.Of(review, Request), CelValue.Of(namespaceObject, CelType.Dyn),
            CelAuthorizerLibrary.Authorizer(authorize), CelAuthorizerLibrary.RequestResource(authorize, access), null, null,
        ]);
    }

    /// <summary>The same request with parameters.</summary>
    public AdmissionScope With(JsonObject? parameters) => new([.. _values[..6], CelValue.Of(parameters, CelType.Dyn), null]);

    /// <summary>Makes a policy's variables known; each is worked out when first asked for.</summary>
    internal void Define(IReadOnlyList<(string Name, CelProgram Program)> variables, Func<CelProgram, object?> run) =>
        _values[7] = new CelLazyMap(variables.ToDictionary(v => v.Name, v => (Func<object?>)(() => run(v.Program)), StringComparer.Ordinal));

    /// <summary>Evaluates. Throws <see cref="CelEvaluationException"/>.</summary>
    internal object? Run(CelProgram program, ref long budget) => program.Run(ref budget, _values);

    private static CelType Object(string name, params (string Name, CelType Type)[] fields) => CelType.Object(name, () => fields.ToDictionary(f => f.Name, f => f.Type, StringComparer.Ordinal));
}
