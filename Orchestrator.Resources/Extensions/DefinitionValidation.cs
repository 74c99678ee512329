using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Extensions;

/// <summary>Validates CustomResourceDefinitions (apiextensions-apiserver pkg/apis/apiextensions/validation). Schemas are <see cref="StructuralSchemas"/>' business.</summary>
internal static class DefinitionValidation
{
    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats = ["binary", "bool", "byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    /// <summary>What must hold of a definition; <paramref name="old"/> is what it was, if it was.</summary>
    internal static void Validate(Field crd, Field old, FieldErrors errors)
    {
        var spec = crd["spec"];
        var (group, plural) = (spec["group"].Text, spec["names"]["plural"].Text);
        if (crd["metadata"]["name"].Text != $"{plural}.{group}") errors.Invalid("metadata.name", crd["metadata"]["name"].Text, "must be spec.names.plural+\".\"+spec.group");
        if (group.Length == 0) errors.Required("spec.group");
        else if (NameFormats.Dns1123Subdomain(group) is { Count: > 0 } wrong) errors.Invalid("spec.group", group, string.Join(",", wrong));
        else if (!group.Contains('.', StringComparison.Ordinal)) errors.Invalid("spec.group", group, "should be a domain with at least one dot");
        if (IsProtected(group) && crd["metadata"]["annotations"]["api-approved.kubernetes.io"].Text.Length == 0)
            errors.Required("metadata.annotations[api-approved.kubernetes.io]", "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111");
        if (spec["scope"].Text.Length == 0) errors.Required("spec.scope");
        else if (spec["scope"].Text is not ("Cluster" or "Namespaced")) errors.NotSupported("spec.scope", spec["scope"].Text, ["Cluster", "Namespaced"]);
        if (spec["preserveUnknownFields"].Flag)
            errors.Invalid("spec.preserveUnknownFields", true, "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
        Versions(spec["versions"], old["spec"]["versions"], errors);
        Names(spec["names"], errors);
        ConversionValidation.Validate(spec["conversion"], errors);
    }

    internal static void ValidateChange(Field crd, Field old, FieldErrors errors)
    {
        if (!Established(old)) return;
        if (crd["spec"]["scope"].Text != old["spec"]["scope"].Text) errors.Invalid("spec.scope", crd["spec"]["scope"].Text, "field is immutable");
        if (crd["spec"]["names"]["kind"].Text != old["spec"]["names"]["kind"].Text) errors.Invalid("spec.names.kind", crd["spec"]["names"]["kind"].Text, "field is immutable");
        foreach (var field in (ReadOnlySpan<string>)["group"])
            if (crd["spec"][field].Text != old["spec"][field].Text) errors.Invalid($"spec.{field}", crd["spec"][field].Text, "field is immutable");
        if (crd["spec"]["names"]["plural"].Text != old["spec"]["names"]["plural"].Text) errors.Invalid("spec.names.plural", crd["spec"]["names"]["plural"].Text, "field is immutable");
        var served = crd["spec"]["versions"].Items.Select(v => v["name"].Text).ToHashSet(StringComparer.Ordinal);
        var index = 0;
        foreach (var stored in crd["status"]["storedVersions"].Items)
        {
            if (!served.Contains(stored.Text)) errors.Invalid($"status.storedVersions[{index}]", stored.Text, "must appear in spec.versions");
            index++;
        }
    }

    private static bool IsProtected(string group) =>
        group is "k8s.io" or "kubernetes.io" || group.EndsWith(".k8s.io", StringComparison.Ordinal) || group.EndsWith(".kubernetes.io", StringComparison.Ordinal);

    private static bool Established(Field crd) => crd["status"]["conditions"].Items.Any(c => c["type"].Text == "Established" && c["status"].Text == "True");

    private static void Versions(Field versions, Field before, FieldErrors errors)
    {
        if (versions.Count == 0) errors.Required("spec.versions");
        var names = new HashSet<string>(StringComparer.Ordinal);
        var (unique, stored, index) = (true, 0, 0);
        foreach (var version in versions.Items)
        {
            var path = $"spec.versions[{index++}]";
            var name = version["name"].Text;
            if (version["storage"].Flag) stored++;
            if (!names.Add(name)) unique = false;
            if (NameFormats.Dns1035Label(name) is { Count: > 0 } wrong) errors.Invalid($"{path}.name", name, string.Join(",", wrong));
            if (!version["deprecated"].Flag && version["deprecationWarning"].Exists) errors.Invalid($"{path}.deprecationWarning", version["deprecationWarning"].Text, "can only be set for deprecated versions");
            if (version["schema"]["openAPIV3Schema"].Node is JsonObject schema) StructuralSchemas.Validate(schema, $"{path}.schema.openAPIV3Schema", Has(before, name, schema), errors);
            else errors.Required($"{path}.schema.openAPIV3Schema", "schemas are required");
            Scale(version["subresources"]["scale"], $"{path}.subresources.scale", errors);
            Columns(version["additionalPrinterColumns"], $"{path}.additionalPrinterColumns", errors);
            Selectable(version["selectableFields"], $"{path}.selectableFields", errors);
        }
        if (!unique) errors.Invalid("spec.versions", versions.Value, "must contain unique version names");
        if (stored != 1) errors.Invalid("spec.versions", versions.Value, "must have exactly one version marked as storage version");
    }

    private static bool Has(Field versions, string name, JsonObject schema)
    {
        foreach (var version in versions.Items)
            if (version["name"].Text == name && JsonNode.DeepEquals(version["schema"]["openAPIV3Schema"].Node, schema)) return true;
        return false;
    }

    private static void Scale(Field scale, string path, FieldErrors errors)
    {
        if (!scale.Exists) return;
        foreach (var (name, root) in (ReadOnlySpan<(string, string)>)[("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")])
        {
            var value = scale[name].Text;
            if (value.Length == 0) errors.Required($"{path}.{name}");
            else if (!value.StartsWith(root, StringComparison.Ordinal)) errors.Invalid($"{path}.{name}", value, $"should be a json path under {root.TrimEnd('.')}");
            else if (value.AsSpan().IndexOfAny('[', ']') >= 0) errors.Invalid($"{path}.{name}", value, "must be a json path in the dot notation");
        }
        var selector = scale["labelSelectorPath"].Text;
        if (selector.Length > 0 && !selector.StartsWith(".spec.", StringComparison.Ordinal) && !selector.StartsWith(".status.", StringComparison.Ordinal))
            errors.Invalid($"{path}.labelSelectorPath", selector, "should be a json path under either .spec or .status");
    }

    private static void Columns(Field columns, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var column in columns.Items)
        {
            var at = $"{path}[{index++}]";
            if (column["name"].Text.Length == 0) errors.Required($"{at}.name");
            if (column["type"].Text.Length == 0) errors.Required($"{at}.type", $"must be one of {string.Join(",", ColumnTypes)}");
            else if (!ColumnTypes.Contains(column["type"].Text)) errors.Invalid($"{at}.type", column["type"].Text, $"must be one of {string.Join(",", ColumnTypes)}");
            if (column["format"].Text.Length > 0 && !ColumnFormats.Contains(column["format"].Text)) errors.Invalid($"{at}.format", column["format"].Text, $"must be one of {string.Join(",", ColumnFormats)}");
            Path(column["jsonPath"].Text, $"{at}.jsonPath", errors);
        }
    }

    private static void Selectable(Field fields, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var field in fields.Items) Path(field["jsonPath"].Text, $"{path}[{index++}].jsonPath", errors);
    }

    private static void Path(string text, string at, FieldErrors errors)
    {
        if (text.Length == 0)
        {
            errors.Required(at);
            return;
        }
        if (text[0] != '.')
        {
            errors.Invalid(at, text, "must be a simple json path starting with .");
            return;
        }
        try
        {
            JsonPath.Parse(text);
        }
        catch (FormatException e)
        {
            errors.Invalid(at, text, e.Message);
        }
    }

    private static void Names(Field names, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["plural", "singular", "kind", "listKind"])
        {
            var value = names[name].Text;
            if (value.Length == 0)
            {
                errors.Required($"spec.names.{name}");
                continue;
            }
            var mixed = name is "kind" or "listKind";
            if (NameFormats.Dns1035Label(mixed ? value.ToLowerInvariant() : value) is { Count: > 0 } wrong)
                errors.Invalid($"spec.names.{name}", value, (mixed ? "may have mixed case, but should otherwise match: " : "") + string.Join(",", wrong));
        }
        if (names["kind"].Text.Length > 0 && names["kind"].Text == names["listKind"].Text) errors.Invalid("spec.names.listKind", names["listKind"].Text, "kind and listKind may not be the same");
        foreach (var list in (ReadOnlySpan<string>)["shortNames", "categories"])
        {
            var index = 0;
            foreach (var item in names[list].Items)
            {
                if (NameFormats.Dns1035Label(item.Text) is { Count: > 0 } wrong) errors.Invalid($"spec.names.{list}[{index}]", item.Text, string.Join(",", wrong));
                index++;
            }
        }
    }
}
