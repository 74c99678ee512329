using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Lists;
using Orchestrator.Api.Negotiation;
using Orchestrator.Api.Requests;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Protobuf;

namespace Orchestrator.Api.Responses;

/// <summary>Writes a page of a list. Objects are copied as the bytes they are stored as; nothing is encoded again.</summary>
internal static class ListResponse
{
    private const int FlushAfter = 64 * 1024;
    private const int CompressFrom = 128 * 1024;

    /// <summary>Writes the page.</summary>
    public static Task WriteAsync(ApiCall call, ResponseForm form, ListPage page)
    {
        if (form.Representation == Representation.Table)
        {
            var table = new TableWriter(call.Kind, form.Version, TableWriter.ParseInclude(call.Query.Text("includeObject")), call.Services.Time.GetUtcNow());
            return BytesAsync(call.Http, form, table.Write(page.Entries, page.ResourceVersion.ToString(CultureInfo.InvariantCulture), page.Continue, page.Remaining));
        }
        var (kind, apiVersion, items) = form.Representation == Representation.Metadata
            ? ("PartialObjectMetadataList", $"meta.k8s.io/{form.Version}", new Items(page.Entries, [.. page.Entries.Select(e => MetadataWriter.Write(e.Json, form.Version))]))
            : (call.Kind.ListKind, call.Kind.ApiVersion, new Items(page.Entries, null));
        if (form.Encoding == Negotiation.Encoding.Protobuf)
            return BytesAsync(call.Http, form, ProtobufEncoder.EncodeList(apiVersion, kind, System.Text.Encoding.UTF8.GetBytes(Metadata(page)), items.ToList(), form.TypeOf(call.Kind)));
        var head = System.Text.Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":{Metadata(page)},\"items\":[");
        var length = head.Length + 2 + Math.Max(0, items.Count - 1) + items.Bytes;
        if (form.Encoding == Negotiation.Encoding.Json && !(length >= CompressFrom && Compresses(call.Http))) return CopyAsync(call.Http, form, head, items, length);

        var whole = new ArrayBufferWriter<byte>((int)length);
        Copy(whole, head, items, 0, items.Count, last: true);
        return BytesAsync(call.Http, form, whole.WrittenMemory);
    }

    /// <summary>What the list shows: the entries as they are stored, without a list of their own, or what was made of each.</summary>
    private readonly record struct Items(IReadOnlyList<ResourceEntry> Entries, byte[][]? Made)
    {
        public int Count => Entries.Count;

        public ReadOnlyMemory<byte> this[int index] => Made is null ? Entries[index].Json : Made[index];

        public long Bytes
        {
            get
            {
                var bytes = 0L;
                for (var i = 0; i < Count; i++) bytes += this[i].Length;
                return bytes;
            }
        }

        public List<ReadOnlyMemory<byte>> ToList()
        {
            var list = new List<ReadOnlyMemory<byte>>(Count);
            for (var i = 0; i < Count; i++) list.Add(this[i]);
            return list;
        }
    }

    private static string Metadata(ListPage page)
    {
        var text = new StringBuilder($"{{\"resourceVersion\":\"{page.ResourceVersion}\"");
        if (page.Continue.Length > 0) text.Append($",\"continue\":{JsonSerializer.Serialize(page.Continue)}");
        if (page.Remaining is not null) text.Append($",\"remainingItemCount\":{page.Remaining}");
        return text.Append('}').ToString();
    }

    private static async Task CopyAsync(HttpContext context, ResponseForm form, byte[] head, Items items, long length)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = form.ContentType;
        response.ContentLength = length;
        if (HttpMethods.IsHead(context.Request.Method)) return;
        var at = 0;
        do
        {
            var from = at;
            long bytes = 0;
            while (at < items.Count && bytes < FlushAfter) bytes += items[at++].Length + 1;
            Copy(response.BodyWriter, from == 0 ? head : [], items, from, at, last: at == items.Count);
            await response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        while (at < items.Count);
    }

    private static void Copy(IBufferWriter<byte> writer, byte[] head, Items items, int from, int to, bool last)
    {
        writer.Write(head);
        for (var i = from; i < to; i++)
        {
            if (i > 0) writer.Write(","u8);
            writer.Write(items[i].Span);
        }
        if (last) writer.Write("]}"u8);
    }

    private static async Task BytesAsync(HttpContext context, ResponseForm form, ReadOnlyMemory<byte> json)
    {
        var body = form.Encoding == Negotiation.Encoding.Yaml ? YamlWriter.FromJson(json) : json;
        if (body.Length < CompressFrom || !Compresses(context))
        {
            await ResponseWriter.BytesAsync(context, StatusCodes.Status200OK, form.ContentType, body);
            return;
        }
        context.Response.ContentType = form.ContentType;
        context.Response.Headers.ContentEncoding = "gzip";
        context.Response.Headers.Vary = "Accept-Encoding";
        await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
        await gzip.WriteAsync(body, context.RequestAborted);
    }

    private static bool Compresses(HttpContext context) => context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
}
