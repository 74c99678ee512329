using System.Text;
using System.Text.Json;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of ConfigMaps and Secrets.</summary>
internal static class ConfigValidation
{
    private const int MaxBytes = 1024 * 1024;
    private const string Frozen = "field is immutable when `immutable` is set";

    /// <summary>v1 ConfigMap.</summary>
    public static void ConfigMap(Field map, FieldErrors errors)
    {
        var size = 0;
        foreach (var (key, value) in map["data"].Entries)
        {
            Key(key, value, errors);
            if (map["binaryData"][key].Exists) errors.Invalid(value.Path.ToString(), key, "duplicate of key present in binaryData");
            size += Encoding.UTF8.GetByteCount(value.Text);
        }
        foreach (var (key, value) in map["binaryData"].Entries)
        {
            Key(key, value, errors);
            size += DecodedLength(value.Text);
        }
        if (size > MaxBytes) errors.TooLong("", MaxBytes);
    }

    /// <summary>v1 Secret, by its type.</summary>
    public static void Secret(Field secret, FieldErrors errors)
    {
        var data = secret["data"];
        var size = 0;
        foreach (var (key, value) in data.Entries)
        {
            Key(key, value, errors);
            size += DecodedLength(value.Text);
        }
        if (size > MaxBytes) errors.TooLong("data", MaxBytes);
        switch (secret["type"].Text)
        {
            case "kubernetes.io/service-account-token":
                const string accountName = "kubernetes.io/service-account.name";
                var annotations = secret["metadata"]["annotations"];
                if (annotations[accountName].Text.Length == 0) errors.Required(annotations.Path.Key(accountName).ToString());
                break;
            case "kubernetes.io/dockercfg":
                Json(data, ".dockercfg", errors);
                break;
            case "kubernetes.io/dockerconfigjson":
                Json(data, ".dockerconfigjson", errors);
                break;
            case "kubernetes.io/basic-auth" when !data["username"].Exists && !data["password"].Exists:
                Missing(data, "username", errors);
                Missing(data, "password", errors);
                break;
            case "kubernetes.io/ssh-auth" when data["ssh-privatekey"].Text.Length == 0:
                Missing(data, "ssh-privatekey", errors);
                break;
            case "kubernetes.io/tls":
                foreach (var part in (ReadOnlySpan<string>)["tls.crt", "tls.key"])
                    if (!data[part].Exists) Missing(data, part, errors);
                break;
        }
    }

    /// <summary>A Secret's type never changes; an immutable one's data neither.</summary>
    public static void SecretChange(Field now, Field before, FieldErrors errors)
    {
        errors.Immutable(now["type"], before["type"]);
        Immutable(now, before, errors, "data");
    }

    /// <summary>An immutable ConfigMap stays so, and keeps its data.</summary>
    public static void ConfigMapChange(Field now, Field before, FieldErrors errors) => Immutable(now, before, errors, "data", "binaryData");

    private static void Immutable(Field now, Field before, FieldErrors errors, params ReadOnlySpan<string> fields)
    {
        if (!before["immutable"].Flag) return;
        if (!now["immutable"].Flag) errors.Forbidden(now["immutable"], Frozen);
        foreach (var field in fields)
            if (!FieldErrorsAtField.SameValue(now[field].Node, before[field].Node)) errors.Forbidden(now[field], Frozen);
    }

    private static void Key(string key, Field value, FieldErrors errors)
    {
        foreach (var problem in NameFormats.ConfigKey(key)) errors.Invalid(value.Path.ToString(), key, problem);
    }

    private static void Missing(Field data, string key, FieldErrors errors) => errors.Required(data.Path.Key(key).ToString());

    private static void Json(Field data, string key, FieldErrors errors)
    {
        if (!data[key].Exists)
        {
            Missing(data, key, errors);
            return;
        }
        try
        {
            using var document = JsonDocument.Parse(Convert.FromBase64String(data[key].Text));
            if (document.RootElement.ValueKind == JsonValueKind.Object) return;
            errors.Invalid(data.Path.Key(key).ToString(), "<secret contents redacted>", "must be a JSON object");
        }
        catch (Exception problem) when (problem is JsonException or FormatException)
        {
            // The parser's own message could quote the secret.
            errors.Invalid(data.Path.Key(key).ToString(), "<secret contents redacted>", "must be well-formed JSON");
        }
    }

    private static int DecodedLength(string base64) => base64.Length / 4 * 3 - (base64.EndsWith("==", StringComparison.Ordinal) ? 2 : base64.EndsWith('=') ? 1 : 0);
}
