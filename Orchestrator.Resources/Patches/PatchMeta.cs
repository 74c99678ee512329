using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Patches;

/// <summary>How one field merges: strategy (<c>merge</c>, <c>replace</c> or empty), key of merged lists, and the type of what is inside.</summary>
internal readonly record struct PatchMeta(FieldType? Type, string Strategy, string? MergeKey)
{
    /// <summary>Looks a field of an object of type <paramref name="owner"/> up. A field that a built-in type does not have is a 422, as upstream.</summary>
    internal static PatchMeta Of(FieldType? owner, string name)
    {
        switch (owner?.Kind)
        {
            case ValueKind.Struct:
                var field = owner.Struct.Field(name);
                if (field is null)
                {
                    return owner.Struct.IsCustom || owner.Struct.PreserveUnknown ? default
                        : throw PatchErrors.DoesNotApply($"unable to find api field in struct {owner.Struct.ShortName} for the json field \"{name}\"");
                }
                // retainKeys is about the patch, not about how the field merges.
                var strategy = field.PatchStrategies.FirstOrDefault(s => s != "retainKeys") ?? "";
                return new PatchMeta(field.Type.Kind == ValueKind.List ? field.Type.Element : field.Type, strategy, field.PatchMergeKey);
            case ValueKind.Map:
                return new PatchMeta(owner.Element, "", null);
            default:
                return default;
        }
    }
}
