using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Conversion;

/// <summary>events.k8s.io/v1 Events are core/v1 Events under other names (pkg/apis/events/v1/conversion.go).</summary>
internal sealed class EventConversion() : KindConversion("io.k8s.api.events.v1.Event")
{
    private static readonly (string Here, string Core)[] Names =
    [
        ("regarding", "involvedObject"), ("note", "message"), ("deprecatedSource", "source"), ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"), ("reportingController", "reportingComponent"),
    ];

    /// <inheritdoc/>
    public override JsonObject FromStored(JsonObject stored) => Rename(stored, "events.k8s.io/v1", Names.Select(n => (n.Core, n.Here)));

    /// <inheritdoc/>
    public override JsonObject ToStored(JsonObject obj) => Rename(obj, "v1", Names);

    private static JsonObject Rename(JsonObject obj, string apiVersion, IEnumerable<(string From, string To)> names)
    {
        obj["apiVersion"] = apiVersion;
        foreach (var (from, to) in names)
            if (obj.Remove(from, out var value)) obj[to] = value;
        return obj;
    }
}

/// <summary>What events.k8s.io/v1 asks of new events beyond the core API (pkg/apis/core/validation/events.go), and the names it selects by.</summary>
internal sealed class ConvertedEventStrategy(KindStrategy stored, KindConversion conversion) : ConvertedStrategy(stored, conversion)
{
    private const int MaxText = 128;
    private const int MaxNote = 1024;

    private readonly KindStrategy _stored = stored;

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        base.Validate(obj, errors);
        if (obj["eventTime"] is null) errors.Required("eventTime");
        foreach (var (name, most) in (ReadOnlySpan<(string, int)>)[("reportingController", int.MaxValue), ("reportingInstance", MaxText), ("action", MaxText), ("reason", MaxText)])
        {
            var text = (string?)obj[name] ?? "";
            if (text.Length == 0) errors.Required(name);
            else if (text.Length > most) errors.Invalid(name, text, $"can have at most {most} characters");
        }
        if ((string?)obj["type"] is not ("Normal" or "Warning")) errors.Invalid("type", (string?)obj["type"] ?? "", "has invalid value: ");
        if (((string?)obj["note"] ?? "").Length > MaxNote) errors.Invalid("message", "", $"can have at most {MaxNote} characters");
        foreach (var name in (ReadOnlySpan<string>)["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount", "deprecatedSource"])
            if (obj[name] is not (null or JsonObject { Count: 0 })) errors.Invalid(name, "", "needs to be unset");
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) => _stored.ValidateUpdate(Stored(obj), Stored(old), subresource, errors);

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string>> SelectableFields(JsonObject obj)
    {
        foreach (var (name, value) in _stored.SelectableFields(Stored(obj)))
        {
            if (name == "source") continue;
            yield return KeyValuePair.Create(name == "reportingComponent" ? "reportingController" : name.Replace("involvedObject.", "regarding.", StringComparison.Ordinal), value);
        }
    }
}
