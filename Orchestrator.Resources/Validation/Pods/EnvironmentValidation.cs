using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Quantities;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of environment variables and of the downward API's references (upstream: ValidateEnv, ValidateEnvFrom).</summary>
internal static class EnvironmentValidation
{
    /// <summary>Fields that an environment variable can show.</summary>
    public static readonly string[] EnvironmentFields =
        ["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"];

    /// <summary>Fields that a file of a downward API volume can show; labels and annotations as a whole only there.</summary>
    public static readonly string[] FileFields = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    private static readonly string[] ResourceFields =
        ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];

    private static readonly string[] ByteDivisors = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

    /// <summary>A container's <c>env</c>.</summary>
    public static void Variables(Field variables, FieldErrors errors)
    {
        foreach (var variable in variables.Items)
        {
            var name = variable["name"];
            if (name.Text.Length == 0) errors.Required(name);
            else errors.Invalid(name, NameFormats.EnvironmentVariable(name.Text));
            if (variable["valueFrom"].Exists) ValueFrom(variable, errors);
        }
    }

    /// <summary>A container's <c>envFrom</c>.</summary>
    public static void Sources(Field sources, FieldErrors errors)
    {
        foreach (var source in sources.Items)
        {
            var prefix = source["prefix"];
            if (prefix.Text.Length > 0) errors.Invalid(prefix, NameFormats.EnvironmentVariable(prefix.Text));
            var found = 0;
            foreach (var kind in (ReadOnlySpan<string>)["configMapRef", "secretRef"])
            {
                if (!source[kind].Exists) continue;
                found++;
                var name = source[kind]["name"];
                if (name.Text.Length == 0) errors.Required(name);
                else errors.Invalid(name, NameRules.DnsSubdomain(name.Text, isPrefix: true));
            }
            if (found == 0) errors.Invalid(sources.Path.ToString(), "", "must specify one of: `configMapRef` or `secretRef`");
            else if (found > 1) errors.Invalid(sources.Path.ToString(), "", "may not have more than one field specified at a time");
        }
    }

    /// <summary>A <c>fieldRef</c> to one of <paramref name="allowed"/>, or to one label or annotation.</summary>
    public static void FieldReference(Field reference, string[] allowed, FieldErrors errors)
    {
        if (reference["apiVersion"].Text.Length == 0)
        {
            errors.Required(reference["apiVersion"]);
            return;
        }
        var path = reference["fieldPath"].Text;
        if (path.Length == 0)
        {
            errors.Required(reference["fieldPath"]);
            return;
        }
        if (reference["apiVersion"].Text != "v1")
        {
            errors.Invalid(reference["fieldPath"], $"error converting fieldPath: unsupported pod version: {reference["apiVersion"].Text}");
            return;
        }
        var (parent, subscript) = Subscript(path);
        if (subscript is null)
        {
            if (allowed.Contains(path)) return;
            // Upstream tells fields it knows but does not offer here from fields it does not know.
            if (EnvironmentFields.Contains(path) || FileFields.Contains(path)) errors.NotSupported(reference["fieldPath"], allowed);
            else errors.Invalid(reference["fieldPath"], $"error converting fieldPath: field label not supported: {path}");
            return;
        }
        switch (parent)
        {
            case "metadata.annotations":
                Report(NameFormats.QualifiedName(subscript.ToLowerInvariant()));
                break;
            case "metadata.labels":
                Report(NameFormats.QualifiedName(subscript));
                break;
            default:
                errors.Invalid(reference.Path.ToString(), parent, "does not support subscript");
                break;
        }

        void Report(IReadOnlyList<string> problems)
        {
            foreach (var problem in problems) errors.Invalid(reference.Path.ToString(), subscript, problem);
        }
    }

    /// <summary>A <c>resourceFieldRef</c>; in a volume it must name its container.</summary>
    public static void ResourceReference(Field reference, bool inVolume, FieldErrors errors)
    {
        var resource = reference["resource"];
        if (inVolume && reference["containerName"].Text.Length == 0) errors.Required(reference["containerName"]);
        else if (resource.Text.Length == 0) errors.Required(resource);
        else if (!ResourceFields.Contains(resource.Text) && !IsHugePages(resource.Text)) errors.NotSupported(resource, ResourceFields);
        if (!Quantity.TryParse(reference["divisor"].Text, out var divisor) || divisor.IsZero) return;
        var (allowed, words) = resource.Text switch
        {
            "limits.cpu" or "requests.cpu" => (["1m", "1"], "1m and 1 are supported with the cpu resource"),
            "limits.memory" or "requests.memory" => (ByteDivisors, "memory"),
            "limits.ephemeral-storage" or "requests.ephemeral-storage" => (ByteDivisors, "local ephemeral storage"),
            var other when IsHugePages(other) => (ByteDivisors, "hugepages"),
            _ => (Array.Empty<string>(), ""),
        };
        if (words.Length == 0 || allowed.Contains(divisor.ToString())) return;
        if (allowed == ByteDivisors) words = $"{string.Join(", ", ByteDivisors)} are supported with the {words} resource";
        errors.Invalid(reference["divisor"].Path.ToString(), resource.Text, $"only divisor's values {words}");
    }

    private static void ValueFrom(Field variable, FieldErrors errors)
    {
        var source = variable["valueFrom"];
        var found = 0;
        if (source["fieldRef"].Exists)
        {
            found++;
            FieldReference(source["fieldRef"], EnvironmentFields, errors);
        }
        if (source["resourceFieldRef"].Exists)
        {
            found++;
            ResourceReference(source["resourceFieldRef"], inVolume: false, errors);
        }
        foreach (var kind in (ReadOnlySpan<string>)["configMapKeyRef", "secretKeyRef"])
        {
            var reference = source[kind];
            if (!reference.Exists) continue;
            found++;
            errors.Invalid(reference["name"], NameFormats.Dns1123Subdomain(reference["name"].Text));
            if (reference["key"].Text.Length == 0) errors.Required(reference["key"]);
            else errors.Invalid(reference["key"], NameFormats.ConfigKey(reference["key"].Text));
        }
        var path = source.Path;
        if (found == 0) errors.Invalid(path.ToString(), "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
        else if (variable["value"].Text.Length > 0) errors.Invalid(path.ToString(), "", "may not be specified when `value` is not empty");
        else if (found > 1) errors.Invalid(path.ToString(), "", "may not have more than one field specified at a time");
    }

    private static bool IsHugePages(string resource) =>
        resource.StartsWith("requests.hugepages-", StringComparison.Ordinal) || resource.StartsWith("limits.hugepages-", StringComparison.Ordinal);

    /// <summary><c>metadata.labels['app']</c> → (metadata.labels, app).</summary>
    private static (string Path, string? Subscript) Subscript(string path)
    {
        var open = path.IndexOf("['", StringComparison.Ordinal);
        return open > 0 && path.EndsWith("']", StringComparison.Ordinal) && path.Length >= open + 4 ? (path[..open], path[(open + 2)..^2]) : (path, null);
    }
}
