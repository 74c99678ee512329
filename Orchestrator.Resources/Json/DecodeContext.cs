using System.Text;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Json;

/// <summary>
/// Where a decoding stands and what it has found wrong. Like Go's decoder, a type error does not stop the reading: the first one is kept, so
/// that a body of another kind can still be reported as that.
/// </summary>
internal sealed class DecodeContext
{
    private readonly List<(string Name, int Index)> _path = [];

    /// <summary>Unknown and duplicate fields in the order found, in upstream's words.</summary>
    public List<string> Strict { get; } = [];

    /// <summary>The first value that cannot be what it should be, or null.</summary>
    public string? Error { get; private set; }

    /// <summary>Enters a field or map key.</summary>
    public void Enter(string name) => _path.Add((name, -1));

    /// <summary>Enters a list element.</summary>
    public void Enter(int index) => _path.Add(("", index));

    /// <summary>Leaves what was entered last.</summary>
    public void Leave() => _path.RemoveAt(_path.Count - 1);

    /// <summary>Notes a field that the type does not have.</summary>
    public void Unknown(string name) => Strict.Add($"unknown field \"{Path(name)}\"");

    /// <summary>Notes a field that stands twice.</summary>
    public void Duplicate(string name) => Strict.Add($"duplicate field \"{Path(name)}\"");

    /// <summary>Notes a value error in its own words.</summary>
    public void Fail(string error) => Error ??= error;

    /// <summary>Notes a type error as Go words it; <paramref name="found"/> is <c>string</c>, <c>number 1.5</c>, …</summary>
    public void Mismatch(string found, SchemaType? owner, FieldType expected)
    {
        if (Error is not null) return;
        var fields = _path.Where(p => p.Index < 0).Select(p => p.Name).ToList();
        Error = owner is null || fields.Count == 0
            ? $"json: cannot unmarshal {found} into Go value of type {expected.GoName}"
            : $"json: cannot unmarshal {found} into Go struct field {owner.ShortName}.{string.Join('.', fields)} of type {expected.GoName}";
    }

    private string Path(string last)
    {
        var text = new StringBuilder();
        foreach (var (name, index) in _path)
        {
            if (index >= 0) text.Append('[').Append(index).Append(']');
            else text.Append(text.Length > 0 ? "." : "").Append(name);
        }
        return text.Append(text.Length > 0 ? "." : "").Append(last).ToString();
    }
}
