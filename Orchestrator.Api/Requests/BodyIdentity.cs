using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Requests;

/// <summary>The name and namespace in a body must be those of the URL.</summary>
internal static class BodyIdentity
{
    /// <summary>Checks an update's body, and fills in what it leaves out. Throws 400 in upstream's words.</summary>
    public static void Check(JsonObject obj, string ns, string name)
    {
        var metadata = ObjectMeta.Of(obj);
        var ownName = ObjectMeta.Get(obj, "name");
        if (ownName.Length == 0) metadata["name"] = name;
        else if (ownName != name) throw ApiStatus.BadRequest($"the name of the object ({ownName}) does not match the name on the URL ({name})").AsException();
        CheckNamespace(obj, ns);
    }

    /// <summary>Checks only the namespace; an object of a cluster-scoped kind has none (<paramref name="ns"/> empty).</summary>
    public static void CheckNamespace(JsonObject obj, string ns)
    {
        var own = ObjectMeta.Get(obj, "namespace");
        if (own.Length == 0)
        {
            if (ns.Length > 0) ObjectMeta.Of(obj)["namespace"] = ns;
            return;
        }
        if (ns.Length == 0) ObjectMeta.Of(obj).Remove("namespace");
        else if (own != ns) throw ApiStatus.BadRequest("the namespace of the provided object does not match the namespace sent on the request").AsException();
    }
}
