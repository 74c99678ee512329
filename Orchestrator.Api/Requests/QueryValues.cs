using System.Globalization;
using Microsoft.AspNetCore.Http;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Requests;

/// <summary>Typed reading of query parameters; what does not parse is a 400 that names the parameter.</summary>
internal static class QueryValues
{
    /// <summary>The last value, or empty: options are scalars and Go keeps the first, but no client sends two.</summary>
    public static string Text(this IQueryCollection query, string name) => query.TryGetValue(name, out var values) && values.Count > 0 ? values[0] ?? "" : "";

    /// <summary>A boolean as Go reads it; a parameter without a value is true.</summary>
    public static bool Flag(this IQueryCollection query, string name)
    {
        if (!query.TryGetValue(name, out var values)) return false;
        return (values.Count > 0 ? values[0] ?? "" : "") switch
        {
            "" or "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
            var other => throw ApiStatus.BadRequest($"strconv.ParseBool: parsing \"{other}\": invalid syntax").AsException(),
        };
    }

    /// <summary>A whole number, or null where absent or empty.</summary>
    public static long? Number(this IQueryCollection query, string name)
    {
        var text = query.Text(name);
        if (text.Length == 0) return null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
        throw ApiStatus.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax").AsException();
    }
}
