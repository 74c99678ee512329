using System.Text.Json.Nodes;
using Orchestrator.Actors.Admission;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Resources;

/// <summary>The part of a write that happens where the request is, before the object's actor: defaults, admission, validation.</summary>
public static class ResourceWriter
{
    /// <summary>
    /// A create command for a decoded object, which is changed in place and belongs to the command afterwards. Throws <see cref="StatusException"/> for a refusal.
    /// </summary>
    public static CreateResource PrepareCreate(ControlPlaneServices services, ResourceKind kind, string ns, JsonObject obj, WriteContext context)
    {
        Prepare(services, kind, ns, obj);
        CreateRules.Validate(kind, obj);
        AdmissionChain.Validate(kind, obj, services.Cache);
        return new CreateResource(kind.Key(ns, ObjectMeta.Get(obj, "name")), kind.ApiVersion, context, obj);
    }

    /// <summary>The part before validation; to do it twice changes nothing.</summary>
    internal static void Prepare(ControlPlaneServices services, ResourceKind kind, string ns, JsonObject obj)
    {
        CreateRules.Prepare(kind, obj, ns);
        NamespaceLifecycle.Check(kind, ns, ObjectMeta.Get(obj, "name"), services.Cache);
        AdmissionChain.Admit(kind, obj, services.Cache);
    }
}
