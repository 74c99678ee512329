using System.Text.Json.Nodes;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Tables;

/// <summary>
/// The columns of a kind's server-side table, each with the function that fills it. Immutable once built; built with the methods below in
/// the order the columns stand. Every row has a cell for every column: clients hide those of priority 1 unless asked for wide output.
/// </summary>
public sealed class TableLayout
{
    private readonly List<TableColumn> _columns = [];
    private readonly List<Func<Field, DateTimeOffset, JsonNode?>> _cells = [];

    /// <summary>A layout that starts with the object's name.</summary>
    public static TableLayout Named() => new TableLayout().Add(TableColumn.NameColumn, static (o, _) => o["metadata"]["name"].Text);

    /// <summary>Name and age: what is shown of a kind that has no columns of its own.</summary>
    public static TableLayout Plain { get; } = Named().Age();

    /// <summary>The columns in order, the name included where the layout has it.</summary>
    public IReadOnlyList<TableColumn> Columns => _columns;

    /// <summary>One cell per column.</summary>
    public IReadOnlyList<JsonNode?> Cells(JsonObject obj, DateTimeOffset now)
    {
        var field = Field.Of(obj);
        var cells = new JsonNode?[_cells.Count];
        for (var i = 0; i < cells.Length; i++) cells[i] = _cells[i](field, now);
        return cells;
    }

    /// <summary>A column of strings.</summary>
    public TableLayout Text(string name, string description, Func<Field, string> cell, bool wide = false) =>
        Add(new TableColumn(name, "string", "", description, wide ? 1 : 0), (o, _) => cell(o));

    /// <summary>A column of strings that depend on the time.</summary>
    public TableLayout Timed(string name, string description, Func<Field, DateTimeOffset, string> cell, bool wide = false) =>
        Add(new TableColumn(name, "string", "", description, wide ? 1 : 0), (o, now) => cell(o, now));

    /// <summary>A column of integers. Upstream declares some of them as strings.</summary>
    public TableLayout Number(string name, string description, Func<Field, long> cell, bool wide = false, string type = "integer") =>
        Add(new TableColumn(name, type, "", description, wide ? 1 : 0), (o, _) => cell(o));

    /// <summary>A column of booleans.</summary>
    public TableLayout Flag(string name, string description, Func<Field, bool> cell, string type = "boolean") =>
        Add(new TableColumn(name, type, "", description, 0), (o, _) => cell(o));

    /// <summary>The Age column.</summary>
    public TableLayout Age() => Add(TableColumn.AgeColumn, static (o, now) => Since(o["metadata"]["creationTimestamp"], now));

    /// <summary>The wide columns of everything that has a pod template.</summary>
    public TableLayout Containers(Func<Field, Field> podSpec) =>
        Text("Containers", "Names of the template's containers.", o => Join(podSpec(o)["containers"], "name"), wide: true)
            .Text("Images", "Images of the template's containers.", o => Join(podSpec(o)["containers"], "image"), wide: true);

    /// <summary>Any column.</summary>
    public TableLayout Add(TableColumn column, Func<Field, DateTimeOffset, JsonNode?> cell)
    {
        _columns.Add(column);
        _cells.Add(cell);
        return this;
    }

    /// <summary>The time that has passed since a timestamp, or <c>&lt;unknown&gt;</c>.</summary>
    internal static string Since(Field timestamp, DateTimeOffset now) => Instant(timestamp) is { } at ? TableColumn.HumanDuration(now - at) : "<unknown>";

    /// <summary>A timestamp, or null.</summary>
    internal static DateTimeOffset? Instant(Field timestamp) =>
        DateTimeOffset.TryParse(timestamp.Text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    /// <summary>The text, or <c>&lt;none&gt;</c> where it is empty.</summary>
    internal static string OrNone(string text) => text.Length == 0 ? "<none>" : text;

    /// <summary>One field of every entry of a list, joined by commas.</summary>
    internal static string Join(Field list, string field) => string.Join(',', list.Items.Select(i => i[field].Text));
}
