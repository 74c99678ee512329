namespace Orchestrator.Resources.OpenApi;

/// <summary>A query or path parameter: its name, OpenAPI type and description.</summary>
internal sealed record ApiParameter(string Name, string Type, string Description);

/// <summary>
/// One HTTP operation of the API, independent of the OpenAPI version. <paramref name="Action"/> is <c>x-kubernetes-action</c>; the schema names
/// are full type names, empty where there is no body or the answer is plain text.
/// </summary>
internal sealed record ApiOperation(string Method, string Action, string Id, string Description, string Group, string Version, string Kind,
    IReadOnlyList<ApiParameter> Query, string Body, IReadOnlyList<string> Consumes, string Response);

/// <summary>One URL path with its operations.</summary>
internal sealed record ApiPath(string Path, string Tag, IReadOnlyList<ApiParameter> Parameters, IReadOnlyList<ApiOperation> Operations);
