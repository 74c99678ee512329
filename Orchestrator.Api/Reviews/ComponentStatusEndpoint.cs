using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Lists;
using Orchestrator.Api.Responses;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Api.Reviews;

/// <summary><c>componentstatuses</c>: how the control plane's parts are, as upstream lists them (deprecated there since v1.19). They are one process here: who answers, is healthy.</summary>
internal static class ComponentStatusEndpoint
{
    /// <summary>The plural name.</summary>
    public const string Plural = "componentstatuses";

    private static readonly string[] Components = ["controller-manager", "etcd-0", "scheduler"];

    private static readonly ResourceKind Kind = new()
    {
        Group = "",
        Version = "v1",
        Kind = "ComponentStatus",
        Plural = Plural,
        Singular = "componentstatus",
        Namespaced = false,
        Verbs = ["get", "list"],
        SchemaName = "io.k8s.api.core.v1.ComponentStatus",
        Deprecation = "v1 ComponentStatus is deprecated in v1.19+",
        Strategy = new ComponentStatusStrategy(),
    };

    /// <summary>Serves get and list.</summary>
    public static async Task HandleAsync(ApiCall call)
    {
        call = call with { Kind = Kind };
        if (!Kind.Verbs.Contains(call.Request.Verb)) throw ApiStatus.MethodNotSupported(Plural, call.Request.Verb).AsException();
        var form = call.ChooseForm();
        ObjectResponse.AddWarnings(call.Http, [Kind.Deprecation!]);
        if (call.Request.Verb == "list")
        {
            await ListResponse.WriteAsync(call, form, new ListPage([.. Components.Select(Entry)], 0, "", null));
            return;
        }
        if (!Components.Contains(call.Request.Name)) throw ApiStatus.NotFound(Plural, call.Request.Name).AsException();
        await ObjectResponse.WriteAsync(call, form, StatusCodes.Status200OK, Entry(call.Request.Name).Json);
    }

    private static ResourceEntry Entry(string name)
    {
        var json = new JsonObject
        {
            ["kind"] = Kind.Kind,
            ["apiVersion"] = Kind.ApiVersion,
            ["metadata"] = new JsonObject { ["name"] = name, ["creationTimestamp"] = null },
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Healthy", ["status"] = "True", ["message"] = "ok" }),
        };
        return new ResourceEntry(new ResourceKey(Plural, "", name), Kind, 0, 0, RelaxedJson.Bytes(json));
    }

    private sealed class ComponentStatusStrategy : KindStrategy
    {
        private static readonly TableLayout Table = TableLayout.Named()
            .Text("Status", "Whether the component is healthy.", o => Healthy(o)["status"].Text switch { "True" => "Healthy", "False" => "Unhealthy", _ => "Unknown" })
            .Text("Message", "What it says.", o => Healthy(o)["message"].Text)
            .Text("Error", "What is wrong with it.", o => Healthy(o)["error"].Text);

        public override IReadOnlyList<TableColumn> TableColumns => Table.Columns;

        public override IReadOnlyList<TableColumn> Columns => [.. TableColumns.Where(c => c.Format != "name")];

        public override IReadOnlyList<JsonNode?> Cells(JsonObject obj, DateTimeOffset now) => Table.Cells(obj, now);

        private static Field Healthy(Field status) => status["conditions"].Items.FirstOrDefault(c => c["type"].Text == "Healthy");
    }
}
