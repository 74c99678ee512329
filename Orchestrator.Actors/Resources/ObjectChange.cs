using System.Text.Json.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Resources;

/// <summary>
/// What an update or a patch asks of an object, in the version that its sender speaks: computed once, decided on once what is wanted is final. An object's actor does both in one turn;
/// between the two is where admission may change what is wanted.
/// </summary>
public sealed class ObjectChange
{
    private readonly JsonObject _old;
    private readonly long _version;
    private readonly bool _applied;

    private ObjectChange(ResourceKind kind, string subresource, JsonObject old, long version, JsonObject wanted, bool applied, IReadOnlyList<string> warnings) =>
        (Kind, Subresource, _old, _version, Wanted, _applied, Warnings) = (kind, subresource, old, version, wanted, applied, warnings);

    /// <summary>The kind in the sender's version.</summary>
    public ResourceKind Kind { get; }

    /// <summary>Subresource written, or empty.</summary>
    public string Subresource { get; }

    /// <summary>The whole object as it is asked for, before the update rules.</summary>
    public JsonObject Wanted { get; set; }

    /// <summary>What the sender is to be warned about.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// Computes what an <see cref="UpdateResource"/> or <see cref="PatchResource"/> wants of <paramref name="old"/>, an object without resourceVersion at <paramref name="version"/>, which
    /// is not changed. Throws <see cref="Orchestrator.Resources.Errors.StatusException"/> where a patch does not apply, and <see cref="ConversionElsewhereException"/> where
    /// <paramref name="versions"/> lacks a webhook's answer.
    /// </summary>
    public static ObjectChange Of(ResourceKind kind, ResourceCommand command, JsonObject old, long version, DateTimeOffset now, KindVersions versions)
    {
        var warnings = new List<string>();
        switch (command)
        {
            case UpdateResource update:
                var wanted = update.Subresource == "scale" ? ScaleRules.Apply(kind, old, update.Object) : update.Object;
                return new ObjectChange(kind, update.Subresource, old, version, wanted, applied: false, warnings);
            case PatchResource { Type: PatchType.Apply } apply:
                var config = ApplyRules.Decode(kind, apply.Subresource, apply.Patch.Span, apply.Key, Validation(apply.Context), warnings);
                var merged = ApplyRules.Merge(kind, old, config, apply.Context.FieldManager, apply.Subresource, apply.Force, now, versions);
                return new ObjectChange(kind, apply.Subresource, old, version, merged, applied: true, warnings);
            case PatchResource patch:
                return new ObjectChange(kind, patch.Subresource, old, version, Patched(kind, patch, old, version, warnings), applied: false, warnings);
            default:
                throw new ArgumentException($"{command.GetType().Name} changes no object", nameof(command));
        }
    }

    /// <summary>The object that an apply makes where there is none yet; it goes on like any new object.</summary>
    public static JsonObject New(ResourceKind kind, PatchResource apply, DateTimeOffset now, List<string> warnings)
    {
        var config = ApplyRules.Decode(kind, "", apply.Patch.Span, apply.Key, Validation(apply.Context), warnings);
        return ApplyRules.Create(kind, config, apply.Context.FieldManager, apply.Force, now);
    }

    /// <summary>Decides by the update rules. <see cref="Wanted"/> belongs to the decision afterwards.</summary>
    public WriteDecision Decide()
    {
        // A scale write is a write of the object's own spec.
        var rules = Subresource == "scale" ? "" : Subresource;
        var decision = _applied ? ApplyRules.Decide(Kind, Wanted, _old, _version, rules) : UpdateRules.Decide(Kind, Wanted, _old, _version, rules);
        if (decision is not WriteDecision.Put put) return decision;
        return put with { Warnings = Warnings, Track = _applied ? null : Subresource, As = Kind };
    }

    private static JsonObject Patched(ResourceKind kind, PatchResource patch, JsonObject old, long version, List<string> warnings)
    {
        var form = patch.Type switch
        {
            PatchType.Json => PatchRules.Form.Json,
            PatchType.Merge => PatchRules.Form.Merge,
            _ => PatchRules.Form.Strategic,
        };
        var validation = Validation(patch.Context);
        if (patch.Subresource == "scale")
            return ScaleRules.Apply(kind, old, PatchRules.Apply(PatchRules.Target.Scale, ScaleRules.View(kind, old, version), form, patch.Patch.Span, validation, warnings));
        // The version is part of what is patched, so that a patch of it is a precondition.
        var current = old.DeepClone().AsObject();
        ObjectMeta.Of(current)["resourceVersion"] = version.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return PatchRules.Apply(PatchRules.Target.Of(kind), current, form, patch.Patch.Span, validation, warnings);
    }

    private static FieldValidation Validation(WriteContext context) => Enum.Parse<FieldValidation>(context.FieldValidation);
}
