using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>What an expression asks the authorizer: may the user do this?</summary>
public sealed record CelAccess(string Verb, string Path, string Group, string Resource, string Subresource, string Namespace, string Name);

/// <summary>Answers for one user whether access is allowed, and why.</summary>
public delegate (bool Allowed, string Reason) CelAuthorize(CelAccess access);

/// <summary>The variable <c>authorizer</c> of policies and match conditions: <c>authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()</c>.</summary>
public static class CelAuthorizerLibrary
{
    /// <summary>Type of <c>authorizer</c>.</summary>
    public static CelType AuthorizerType { get; } = CelType.Opaque("kubernetes.authorization.Authorizer");

    /// <summary>Type of <c>authorizer.requestResource</c>, and of what <c>resource()</c> gives.</summary>
    public static CelType ResourceCheckType { get; } = CelType.Opaque("kubernetes.authorization.ResourceCheck");

    private static readonly CelType PathType = CelType.Opaque("kubernetes.authorization.PathCheck");
    private static readonly CelType GroupType = CelType.Opaque("kubernetes.authorization.GroupCheck");
    private static readonly CelType DecisionType = CelType.Opaque("kubernetes.authorization.Decision");

    /// <summary>The value of <c>authorizer</c>.</summary>
    public static object Authorizer(CelAuthorize authorize) => new Check(AuthorizerType, authorize, new CelAccess("", "", "", "", "", "", ""));

    /// <summary>The value of <c>authorizer.requestResource</c>.</summary>
    public static object RequestResource(CelAuthorize authorize, CelAccess request) => new Check(ResourceCheckType, authorize, request);

    internal static void AddTo(CelFunctions all)
    {
        var text = CelType.String;
        all.Add(".path", [AuthorizerType, text], PathType, a => With(a, PathType, (c, v) => c with { Path = v }));
        all.Add(".group", [AuthorizerType, text], GroupType, a => With(a, GroupType, (c, v) => c with { Group = v }));
        all.Add(".resource", [GroupType, text], ResourceCheckType, a => With(a, ResourceCheckType, (c, v) => c with { Resource = v }));
        all.Add(".subresource", [ResourceCheckType, text], ResourceCheckType, a => With(a, ResourceCheckType, (c, v) => c with { Subresource = v }));
        all.Add(".namespace", [ResourceCheckType, text], ResourceCheckType, a => With(a, ResourceCheckType, (c, v) => c with { Namespace = v }));
        all.Add(".name", [ResourceCheckType, text], ResourceCheckType, a => With(a, ResourceCheckType, (c, v) => c with { Name = v }));
        foreach (var type in (CelType[])[ResourceCheckType, PathType])
            all.Add(".check", [type, text], DecisionType, a => new Decision(((Check)a[0]!).Authorize(((Check)a[0]!).Access with { Verb = (string)a[1]! })));
        all.Add(".allowed", [DecisionType], Bool, a => ((Decision)a[0]!).Answer.Allowed);
        all.Add(".reason", [DecisionType], text, a => ((Decision)a[0]!).Answer.Reason);
        all.Add(".errored", [DecisionType], Bool, _ => false);
        all.Add(".error", [DecisionType], text, _ => "");
    }

    private static Check With(object?[] a, CelType type, Func<CelAccess, string, CelAccess> change)
    {
        var check = (Check)a[0]!;
        return new Check(type, check.Authorize, change(check.Access, (string)a[1]!));
    }

    private sealed record Check(CelType Type, CelAuthorize Authorize, CelAccess Access) : ICelOpaque;

    private sealed record Decision((bool Allowed, string Reason) Answer) : ICelOpaque
    {
        public CelType Type => DecisionType;
    }
}
