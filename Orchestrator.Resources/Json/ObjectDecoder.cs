using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Json;

/// <summary>
/// Decodes request bodies as the Kubernetes API server does (its strict JSON reader and the create handler's error mapping): every problem is
/// a <see cref="StatusException"/> with code 400 and upstream's message; nothing unknown, null or ill-typed gets through.
/// </summary>
public static class ObjectDecoder
{
    /// <summary>Deepest nesting accepted. The deepest built-in type nests below 30; stack use stays small at this depth.</summary>
    public const int MaxDepth = 500;

    private const int SummaryLength = 30;

    /// <summary>Older versions of one-shot bodies that upstream still accepts, because clients of the time send nothing else (kubectl 1.20's drain).</summary>
    private static readonly HashSet<(string ApiVersion, string Kind)> OlderForms = [("policy/v1beta1", "Eviction")];

    /// <summary>
    /// Decodes a JSON body of <paramref name="type"/>. A missing kind and apiVersion are filled in from the type; others than the type's are
    /// refused. With <see cref="FieldValidation.Warn"/>, unknown and duplicate fields are added to <paramref name="warnings"/>.
    /// </summary>
    public static JsonObject Decode(ReadOnlySpan<byte> utf8, SchemaType type, FieldValidation mode, List<string> warnings) =>
        Decode(utf8, type, mode, warnings, []);

    /// <summary>As <see cref="Decode(ReadOnlySpan{byte}, SchemaType, FieldValidation, List{string})"/>, with strict findings that reading another encoding has already made.</summary>
    internal static JsonObject Decode(ReadOnlySpan<byte> utf8, SchemaType type, FieldValidation mode, List<string> warnings, IReadOnlyList<string> earlier)
    {
        var context = new DecodeContext();
        context.Strict.AddRange(earlier);
        var obj = Parse(utf8, type, context, out var syntax);
        if (obj is null)
            throw ApiStatus.BadRequest($"the object provided is unrecognized (must be of type {type.ShortName}): couldn't get version/kind; json parse error: {syntax} ({Summary(utf8)})").AsException();
        var (kind, apiVersion) = (Text(obj, "kind") ?? type.ShortName, Text(obj, "apiVersion") ?? type.ApiVersion ?? "");
        if (kind == type.ShortName && OlderForms.Contains((apiVersion, kind))) apiVersion = type.ApiVersion!;
        if (type.ApiVersion is not null && !type.Name.StartsWith("io.k8s.apimachinery.", StringComparison.Ordinal)) CheckKind(kind, apiVersion, type);
        string CannotHandle(string why) => $"{kind} in version \"{apiVersion[(apiVersion.IndexOf('/') + 1)..]}\" cannot be handled as a {type.ShortName}: {why}";
        if (context.Error is { } error) throw ApiStatus.BadRequest(CannotHandle(error)).AsException();
        Report(context.Strict, mode, warnings, errors => ApiStatus.BadRequest(CannotHandle(errors)));
        if (type.ApiVersion is not null)
        {
            obj["kind"] = kind;
            obj["apiVersion"] = apiVersion;
        }
        return obj;
    }

    /// <summary>
    /// Checks and cleans an object that a patch has produced. What Kubernetes reports for a patch is a 422 about <c>patch</c>:
    /// <paramref name="patch"/> is the patch's text for that message, <paramref name="earlier"/> what reading the patch has found already.
    /// </summary>
    public static JsonObject DecodePatched(JsonObject patched, SchemaType type, FieldValidation mode, List<string> warnings, string kind, string name, string patch, IReadOnlyList<string>? earlier = null)
    {
        var context = new DecodeContext();
        context.Strict.AddRange(earlier ?? []);
        var bytes = Encoding.UTF8.GetBytes(patched.ToJsonString(Relaxed));
        ApiStatus Refused(string why) => ApiStatus.Invalid(kind, name, [new StatusCause("FieldValueInvalid", $"Invalid value: {JsonSerializer.Serialize(patch, Relaxed)}: {why}", "patch")]);
        var obj = Parse(bytes, type, context, out var syntax) ?? throw Refused(syntax).AsException();
        if (context.Error is { } error) throw Refused(error).AsException();
        Report(context.Strict, mode, warnings, Refused);
        return obj;
    }

    /// <summary>Reads any JSON object without a schema; null values stay. Throws 400 for anything else.</summary>
    public static JsonObject DecodeUntyped(ReadOnlySpan<byte> utf8)
    {
        var type = new SchemaType("Unstructured", []) { IsCustom = true, PreserveUnknown = true };
        return Parse(utf8, type, new DecodeContext(), out var syntax) ?? throw ApiStatus.BadRequest($"couldn't get version/kind; json parse error: {syntax}").AsException();
    }

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth + 1 };

    private static JsonObject? Parse(ReadOnlySpan<byte> utf8, SchemaType type, DecodeContext context, out string syntax)
    {
        syntax = "";
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read()) { syntax = "unexpected end of JSON input"; return null; }
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                syntax = $"json: cannot unmarshal {reader.TokenType switch { JsonTokenType.StartArray => "array", JsonTokenType.String => "string", JsonTokenType.Number => "number", JsonTokenType.Null => "null", _ => "bool" }} into Go value of type struct";
                return null;
            }
            var obj = ValueDecoder.Struct(ref reader, type, context);
            reader.Read(); // Throws when anything but white space follows.
            return obj;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not UTF-8 or holds half a surrogate pair.
            syntax = e is InvalidOperationException ? "invalid UTF-8 in string"
                : e.Message.Contains("maximum configured depth", StringComparison.Ordinal) ? "exceeded max depth"
                : SyntaxError(utf8, reader.BytesConsumed, reader.TokenStartIndex);
            return null;
        }
    }

    private static string SyntaxError(ReadOnlySpan<byte> utf8, long consumed, long tokenStart)
    {
        var at = (int)Math.Max(consumed, tokenStart);
        var rest = at < utf8.Length ? utf8[at..].TrimStart(" \t\r\n,:"u8) : default;
        // A number, string or literal that runs to the end of the body was cut off.
        if (rest.IsEmpty || (rest[0] is (byte)'"' && rest[1..].IndexOf((byte)'"') < 0)) return "unexpected end of JSON input";
        return $"invalid character '{(rest[0] < 0x80 ? ((char)rest[0]).ToString() : "\\x" + rest[0].ToString("x2", System.Globalization.CultureInfo.InvariantCulture))}' looking for beginning of value";
    }

    private static void CheckKind(string kind, string apiVersion, SchemaType type)
    {
        if (apiVersion != type.ApiVersion)
            throw ApiStatus.BadRequest($"the API version in the data ({apiVersion}) does not match the expected API version ({type.ApiVersion})").AsException();
        if (kind != type.ShortName)
            throw ApiStatus.BadRequest($"{kind} in version \"{type.Version}\" cannot be handled as a {type.ShortName}: converting ({type.Version}.{kind}) to ({type.Version}.{type.ShortName}): unknown conversion").AsException();
    }

    private static void Report(List<string> findings, FieldValidation mode, List<string> warnings, Func<string, ApiStatus> refusal)
    {
        if (findings.Count == 0) return;
        if (mode == FieldValidation.Strict) throw refusal($"strict decoding error: {string.Join(", ", findings)}").AsException();
        if (mode == FieldValidation.Warn) warnings.AddRange(findings);
    }

    private static string? Text(JsonObject obj, string name) => obj[name] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;

    private static string Summary(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty) return "<empty>";
        var cut = body.Length > SummaryLength;
        var head = cut ? body[..SummaryLength] : body;
        var text = body[0] == (byte)'{' ? Encoding.UTF8.GetString(head) : Convert.ToHexStringLower(head);
        return cut ? text + " ..." : text;
    }
}
