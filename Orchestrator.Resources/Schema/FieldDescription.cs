using System.Text;

namespace Orchestrator.Resources.Schema;

/// <summary>Words a field's description from its name and facts, for <c>kubectl explain</c>. Upstream's prose is not carried over.</summary>
internal static class FieldDescription
{
    /// <summary>Fields of every object's metadata, whose names mean the same wherever they stand.</summary>
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["creationTimestamp"] = "CreationTimestamp is a timestamp of the moment the object was stored for the first time. The server sets it.",
        ["deletionTimestamp"] = "When the object is to be gone; set by the server once somebody has asked for its deletion, and final.",
        ["deletionGracePeriodSeconds"] = "Seconds that the object has to end in good order once its deletion was asked for.",
        ["generateName"] = "Prefix of a name that the server makes unique, where no name is given.",
        ["generation"] = "Counts the changes of what is wanted (spec). The server sets it.",
        ["managedFields"] = "Who owns which fields, as server-side apply sees it.",
        ["ownerReferences"] = "Objects that this one depends on: when all of them are gone, it goes too.",
        ["finalizers"] = "What has to be done before the object may go; it stays until the list is empty.",
        ["resourceVersion"] = "Stands for this state of the object: a write that names it fails where the object has changed since. Compare it for equality only.",
        ["uid"] = "Tells this object from every other one, of the same name before or after it too.",
    };

    internal static string Of(SchemaField field)
    {
        if (Known.TryGetValue(field.Name, out var known)) return known;
        var text = new StringBuilder(Words(field.GoName)).Append(": ").Append(Sort(field.Type));
        if (field.PatchMergeKey is { } key) text.Append(", merged by ").Append(key);
        else if (field.ListMapKeys.Count > 0) text.Append(", one per ").AppendJoin(" and ", field.ListMapKeys);
        else if (field.ListType == "set") text.Append(" without duplicates");
        text.Append('.');
        if (field.Enum.Count > 0) text.Append(" Known values: ").AppendJoin(", ", field.Enum.Select(e => $"\"{e}\"")).Append('.');
        if (field.Default is { } value) text.Append(" Defaults to ").Append(value.ToJsonString()).Append('.');
        if (field.Deprecated) text.Append(" Deprecated.");
        return text.ToString();
    }

    /// <summary><c>PodIPs</c> → <c>Pod IPs</c>, <c>ImagePullPolicy</c> → <c>Image pull policy</c>.</summary>
    internal static string Words(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = i > 0 && char.IsUpper(name[i]) && (char.IsLower(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1]) && name[i + 1] != 's'));
            if (startsWord) text.Append(' ');
            var inAcronym = (i + 1 < name.Length && char.IsUpper(name[i + 1])) || (i > 0 && char.IsUpper(name[i - 1]));
            text.Append(startsWord && !inAcronym ? char.ToLowerInvariant(name[i]) : name[i]);
        }
        return text.ToString();
    }

    private static string Sort(FieldType type) => type.Kind switch
    {
        ValueKind.String => "a text",
        ValueKind.Bool => "true or false",
        ValueKind.Int32 or ValueKind.Int64 => "a whole number",
        ValueKind.Double => "a number",
        ValueKind.Bytes => "base64-encoded bytes",
        ValueKind.Time or ValueKind.MicroTime => "a time (RFC 3339)",
        ValueKind.Duration => "a duration",
        ValueKind.Quantity => "a quantity such as 500m or 2Gi",
        ValueKind.IntOrString => "a number or a text",
        ValueKind.List => $"a list of {Plural(type.Element!)}",
        ValueKind.Map => $"a map of {Plural(type.Element!)}",
        ValueKind.Struct => $"{(type.Struct.ShortName[0] is 'A' or 'E' or 'I' or 'O' or 'U' ? "an" : "a")} {type.Struct.ShortName} object",
        _ => "any value",
    };

    private static string Plural(FieldType type) => type.Kind switch
    {
        ValueKind.String => "texts",
        ValueKind.Struct => $"{type.Struct.ShortName} objects",
        ValueKind.Quantity => "quantities",
        ValueKind.Bytes => "base64-encoded bytes",
        ValueKind.Int32 or ValueKind.Int64 or ValueKind.Double => "numbers",
        _ => "values",
    };
}
