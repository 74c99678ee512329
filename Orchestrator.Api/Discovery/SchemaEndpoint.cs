using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Responses;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.OpenApi;

namespace Orchestrator.Api.Discovery;

/// <summary>Serves OpenAPI documents (kube-openapi's handler and handler3): the form that is asked for, not again to who has it, and for ever where it is asked for by its hash.</summary>
internal sealed class SchemaEndpoint(TimeProvider time)
{
    /// <summary>Serves a document. Throws 503 where its protobuf form is asked for and does not exist.</summary>
    public Task HandleAsync(HttpContext context, SchemaDocument schema)
    {
        context.Response.Headers.Vary = "Accept";
        return Form(context, schema) is { } document ? HandleAsync(context, document) : Refused(context);
    }

    /// <summary>Serves a document of version 3 at its own <paramref name="path"/>. One that is asked for by its hash never changes; where the hash is another by now, the client is sent to that one.</summary>
    public Task HandleAsync(HttpContext context, SchemaDocument schema, string path)
    {
        var headers = context.Response.Headers;
        headers.Vary = "Accept";
        if (Form(context, schema) is not { } document) return Refused(context);
        if (context.Request.Query.Text("hash") is not { Length: > 0 } asked) return HandleAsync(context, document);
        if (asked != schema.Hash)
        {
            (headers.ETag, headers.ContentType, headers.Location) = (document.ETag, document.ContentType, $"{path}?hash={schema.Hash}");
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            return Task.CompletedTask;
        }
        (headers.CacheControl, headers.Expires) = ("public, immutable", time.GetUtcNow().AddYears(1).ToString("R"));
        return HandleAsync(context, document);
    }

    /// <summary>Serves the bytes of a document, unless the client has them.</summary>
    public Task HandleAsync(HttpContext context, Document document)
    {
        context.Response.Headers.ETag = document.ETag;
        var tag = EntityTagHeaderValue.Parse(document.ETag);
        if (context.Request.GetTypedHeaders().IfNoneMatch.All(known => !known.Equals(EntityTagHeaderValue.Any) && !known.Compare(tag, useStrongComparison: false)))
            return ResponseWriter.BytesAsync(context, StatusCodes.Status200OK, document.ContentType, document.Json);
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        return Task.CompletedTask;
    }

    private static Document? Form(HttpContext context, SchemaDocument schema)
    {
        try
        {
            return schema.For(context.Request.Headers.Accept.ToString());
        }
        catch (GnosticFormatException e)
        {
            throw ApiStatus.ServiceUnavailable($"the document has no {schema.ProtobufType} form: {e.Message}").AsException();
        }
    }

    private static Task Refused(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status406NotAcceptable;
        return Task.CompletedTask;
    }
}
