using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Extensions;
using Orchestrator.Api.Negotiation;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Security;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Api.Hosting;

/// <summary>One authorised request for a resource that is served.</summary>
public sealed record ApiCall(HttpContext Http, ApiRequest Request, UserInfo User, ResourceKind Kind, ApiServices Services)
{
    /// <summary>The object the URL names.</summary>
    public ResourceKey Key => Kind.Key(Request.Namespace, Request.Name);

    /// <summary>The schema of the called kind.</summary>
    public SchemaType Type => SchemaCatalog.Default.Find(Kind.SchemaName);

    /// <summary>The query.</summary>
    public IQueryCollection Query => Http.Request.Query;

    /// <summary>Cancelled when the client goes.</summary>
    public CancellationToken Cancel => Http.RequestAborted;

    /// <summary>The read model.</summary>
    public ResourceCache Cache => Services.Cache;

    /// <summary>Conversion webhooks.</summary>
    public IObjectConverter Converter => Services.Client.Services.Converter;

    /// <summary>The form the client accepts best. Throws 406.</summary>
    public ResponseForm ChooseForm()
    {
        var accept = Http.Request.Headers.Accept.ToString();
        return ResponseForm.IsPlainJson(accept) ? ResponseForm.PlainJson : ResponseForm.Choose(accept, protobuf: !Type.IsCustom);
    }

    /// <summary>The stored object. Throws 404 in upstream's words.</summary>
    public ResourceEntry Existing() => Cache.Get(Key) ?? throw ApiStatus.NotFound(Kind.GroupResource, Request.Name).AsException();
}
