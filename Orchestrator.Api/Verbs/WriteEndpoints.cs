using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Admission;
using Orchestrator.Api.Admission;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Negotiation;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Api.Security;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Verbs;

/// <summary>create, update and patch of whole objects and of their <c>status</c>-like subresources.</summary>
internal static class WriteEndpoints
{
    // As upstream: a random name that is taken is worth another try, a few times.
    private const int NameAttempts = 8;

    /// <summary>create.</summary>
    public static async Task CreateAsync(ApiCall call)
    {
        var form = call.ChooseForm();
        var options = WriteOptions.Parse(call.Http.Request, "CreateOptions.meta.k8s.io");
        var warnings = new List<string>();
        var obj = await BodyDecoder.ReadAsync(call.Http.Request, call.Kind.SchemaName, options.FieldValidation, warnings, call.Cancel);
        if (call.Kind.GroupResource == RequesterStamp.Resource) RequesterStamp.Apply(obj, call.User);
        var ns = call.Kind.Namespaced ? call.Request.Namespace : "";
        if (call.Kind.Namespaced && ns.Length == 0) throw ApiStatus.MethodNotSupported(call.Kind.GroupResource, "create").AsException();
        BodyIdentity.CheckNamespace(obj, ns);
        if (AdmissionChain.SecurityWarning(call.Kind, obj, ns, call.Cache) is { } insecure) warnings.Add(insecure);
        warnings.AddRange(PodWarnings.Of(call.Kind, obj));
        var generated = ObjectMeta.Get(obj, "name").Length == 0 && ObjectMeta.Get(obj, "generateName").Length > 0;
        for (var attempt = 1; ; attempt++)
        {
            var copy = generated ? obj.DeepClone().AsObject() : obj;
            var reply = await call.CreateAsync(ns, copy, options.ToContext(call.User));
            if (generated && attempt < NameAttempts && reply is ResourceRefused { Status.Reason: "AlreadyExists" }) continue;
            await AnswerAsync(call, form, reply, warnings);
            return;
        }
    }

    /// <summary>update of the object, or of a subresource with the object's own kind.</summary>
    public static async Task UpdateAsync(ApiCall call)
    {
        var form = call.ChooseForm();
        var options = WriteOptions.Parse(call.Http.Request, "UpdateOptions.meta.k8s.io");
        var warnings = new List<string>();
        var obj = await BodyDecoder.ReadAsync(call.Http.Request, call.Kind.SchemaName, options.FieldValidation, warnings, call.Cancel);
        BodyIdentity.Check(obj, call.Key.Namespace, call.Request.Name);
        var command = new UpdateResource(call.Key, call.Kind.ApiVersion, options.ToContext(call.User), obj, call.Request.Subresource);
        var before = call.Cache.Get(call.Key);
        var reply = await call.SendAsync(command);
        await AnswerAsync(call, form, reply, [.. warnings, .. ChangeWarnings.Of(call, before, reply)]);
    }

    /// <summary>patch, in any of its forms; the object's actor applies it.</summary>
    public static async Task PatchAsync(ApiCall call)
    {
        var form = call.ChooseForm();
        var before = call.Cache.Get(call.Key);
        var reply = await SendPatchAsync(call);
        await AnswerAsync(call, form, reply, ChangeWarnings.Of(call, before, reply));
    }

    /// <summary>Reads a patch and sends it for the called subresource.</summary>
    public static async Task<ResourceReply> SendPatchAsync(ApiCall call)
    {
        var options = WriteOptions.Parse(call.Http.Request, "PatchOptions.meta.k8s.io");
        var type = PatchTypeOf(RequestBody.MediaType(call.Http.Request));
        if (type == PatchType.Apply && call.Query.Text("fieldManager").Length == 0)
            throw ApiStatus.Invalid("PatchOptions.meta.k8s.io", "", [new StatusCause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")]).AsException();
        if (type != PatchType.Apply && options.Force)
            throw ApiStatus.Invalid("PatchOptions.meta.k8s.io", "", [new StatusCause("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force")]).AsException();
        var patch = await RequestBody.ReadAsync(call.Http.Request, call.Cancel);
        return await call.SendAsync(new PatchResource(call.Key, call.Kind.ApiVersion, options.ToContext(call.User), type, patch, call.Request.Subresource, options.Force));
    }

    /// <summary>Writes what the actor answered: the object with 200 or 201, or its refusal.</summary>
    public static Task AnswerAsync(ApiCall call, ResponseForm form, ResourceReply reply, IReadOnlyList<string> warnings)
    {
        ObjectResponse.AddWarnings(call.Http, warnings);
        if (reply is ResourceRefused refused) throw refused.Status.AsException();
        var written = (ResourceWritten)reply;
        ObjectResponse.AddWarnings(call.Http, written.Warnings);
        // An update that lets the last finalizer go removes the object: its last state is the answer.
        var json = written.Json ?? written.Deleted ?? throw new InvalidOperationException($"the actor of {written.Key} answered without an object");
        return ObjectResponse.WriteAsync(call, form, written.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK, json);
    }

    private static PatchType PatchTypeOf(string mediaType) => mediaType switch
    {
        "application/json-patch+json" => PatchType.Json,
        "application/merge-patch+json" => PatchType.Merge,
        "application/strategic-merge-patch+json" => PatchType.StrategicMerge,
        "application/apply-patch+yaml" => PatchType.Apply,
        _ => throw RequestBody.UnsupportedMediaType("application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml").AsException(),
    };
}
