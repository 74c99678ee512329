using System.Text.Json.Serialization;

namespace Orchestrator.Resources.Errors;

/// <summary>
/// Collects field errors with the wording of k8s.io/apimachinery/pkg/util/validation/field. Paths are the dotted JSON paths
/// that upstream prints: <c>spec.containers[0].image</c>, <c>metadata.labels[bad key]</c>.
/// </summary>
public sealed class FieldErrors
{
    private readonly List<StatusCause> _causes = [];

    /// <summary>Nothing found yet.</summary>
    public FieldErrors()
    {
    }

    /// <summary>What was found elsewhere: by another member.</summary>
    [JsonConstructor]
    public FieldErrors(IReadOnlyList<StatusCause> causes) => _causes.AddRange(causes);

    /// <summary>What was found, in the order found.</summary>
    public IReadOnlyList<StatusCause> Causes => _causes;

    /// <summary>True once anything was reported.</summary>
    public bool Any => _causes.Count > 0;

    /// <summary>A finding made elsewhere.</summary>
    public void Add(StatusCause cause) => _causes.Add(cause);

    /// <summary>A mandatory field is empty.</summary>
    public void Required(string field, string detail = "") => Add("FieldValueRequired", field, detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    /// <summary>A value has the wrong form. Strings are quoted, other values printed as they are.</summary>
    public void Invalid(string field, object? value, string detail) => Add("FieldValueInvalid", field, $"Invalid value: {Show(value)}: {detail}");

    /// <summary>A value that is not one of an enumeration.</summary>
    public void NotSupported(string field, object? value, IEnumerable<string> supported) =>
        Add("FieldValueNotSupported", field, $"Unsupported value: {Show(value)}: supported values: {string.Join(", ", supported.Order(StringComparer.Ordinal).Select(s => $"\"{s}\""))}");

    /// <summary>A list entry that may stand once stands twice.</summary>
    public void Duplicate(string field, object? value) => Add("FieldValueDuplicate", field, $"Duplicate value: {Show(value)}");

    /// <summary>A field that may not be set, or not be changed.</summary>
    public void Forbidden(string field, string detail) => Add("FieldValueForbidden", field, $"Forbidden: {detail}");

    /// <summary>A reference to something that is not there.</summary>
    public void NotFound(string field, object? value) => Add("FieldValueNotFound", field, $"Not found: {Show(value)}");

    /// <summary>A value longer than allowed (bytes).</summary>
    public void TooLong(string field, int max) => Add("FieldValueTooLong", field, $"Too long: may not be more than {max} bytes");

    /// <summary>A list with too many entries.</summary>
    public void TooMany(string field, int actual, int max) => Add("FieldValueTooMany", field, $"Too many: {actual}: must have at most {max} items");

    private void Add(string reason, string field, string message) => _causes.Add(new StatusCause(reason, message, field));

    private static string Show(object? value) => value switch
    {
        null => "null",
        string s => $"\"{s}\"",
        bool b => b ? "true" : "false",
        IFormattable f => f.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "null",
    };
}
