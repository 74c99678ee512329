using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Extensions;

/// <summary>One <c>x-kubernetes-validations</c> entry, compiled.</summary>
internal sealed class SchemaRule
{
    private static readonly string[] Reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    private readonly CelProgram _rule;
    private readonly CelProgram? _messageExpression;
    private readonly CelType _type;
    private readonly string _message;
    private readonly string _reason;
    private readonly string _fieldPath;
    private readonly bool _optionalOld;

    private SchemaRule(JsonObject json, CelType type, CelProgram rule, CelProgram? messageExpression)
    {
        (_type, _rule, _messageExpression) = (type, rule, messageExpression);
        _message = Text(json, "message").Trim();
        _reason = Text(json, "reason");
        _fieldPath = Text(json, "fieldPath");
        _optionalOld = json["optionalOldSelf"] is JsonValue flag && flag.TryGetValue<bool>(out var optional) && optional;
        UsesOld = rule.Uses("oldSelf");
    }

    /// <summary>Whether the rule is about a change.</summary>
    internal bool UsesOld { get; }

    /// <summary>Compiles an entry at a path, or reports what is wrong with it and returns null. <paramref name="correlatable"/>: what the value was before can be told.</summary>
    internal static SchemaRule? Compile(JsonObject json, JsonSchema schema, CelType type, bool correlatable, string path, FieldErrors errors)
    {
        var text = Text(json, "rule");
        if (text.Trim().Length == 0)
        {
            errors.Required($"{path}.rule", "rule is not specified");
            return null;
        }
        var message = Text(json, "message");
        if (message.Length > 0 && message.Trim().Length == 0) errors.Invalid($"{path}.message", message, "message must be non-empty if specified");
        else if (message.Contains('\n', StringComparison.Ordinal)) errors.Invalid($"{path}.message", message, "message must not contain line breaks");
        else if (message.Length == 0 && text.Trim().Contains('\n', StringComparison.Ordinal)) errors.Required($"{path}.message", "message must be specified if rule contains line breaks");
        if (Text(json, "reason") is { Length: > 0 } reason && !Reasons.Contains(reason)) errors.NotSupported($"{path}.reason", reason, Reasons);
        if (Text(json, "fieldPath") is { Length: > 0 } fieldPath && !Leads(fieldPath, schema)) errors.Invalid($"{path}.fieldPath", fieldPath, "fieldPath must be a valid path to a field of the schema");

        var optional = json["optionalOldSelf"] is JsonValue flag && flag.TryGetValue<bool>(out var set) && set;
        CelVariable[] variables = [new("self", type), new("oldSelf", optional ? CelType.Optional(type) : type)];
        var rule = Compile(text, variables, CelType.Bool, $"{path}.rule", "", errors);
        if (rule is not null && rule.Uses("oldSelf") && !correlatable)
            errors.Invalid($"{path}.rule", text, "oldSelf cannot be used on the uncorrelatable portion of the schema");
        if (rule is not null && optional && !rule.Uses("oldSelf")) errors.Invalid($"{path}.optionalOldSelf", true, "may not be set if oldSelf is not used in rule");
        CelProgram? words = null;
        if (Text(json, "messageExpression") is { Length: > 0 } expression) words = Compile(expression, variables, CelType.String, $"{path}.messageExpression", "messageExpression ", errors);
        return rule is null ? null : new SchemaRule(json, type, rule, words);
    }

    /// <summary>
    /// Adds the rule's error where it does not hold. <paramref name="hasOld"/>: there was a value before. <paramref name="budget"/> is what this and all further rules of the object may cost;
    /// where it is negative afterwards, no further rule is to be run.
    /// </summary>
    internal void Check(JsonNode? value, JsonNode? old, bool hasOld, string schemaType, string path, ref long budget, FieldErrors errors)
    {
        if (UsesOld && !hasOld && !_optionalOld) return;
        // What was there already and has not changed may stay as it is (upstream's ratcheting).
        if (!UsesOld && hasOld && JsonNode.DeepEquals(value, old)) return;
        var self = CelValue.Of(value, _type);
        object? before = _optionalOld ? hasOld ? CelOptional.Of(CelValue.Of(old, _type)) : CelOptional.None : hasOld ? CelValue.Of(old, _type) : null;
        var at = Join(path, "");
        try
        {
            if (!CelValue.Flag(_rule.Run(ref budget, self, before))) Report(path, schemaType, self, before, ref budget, errors);
        }
        catch (CelBudgetException e)
        {
            errors.Invalid(at, schemaType, e.Message);
        }
        catch (CelCostException e)
        {
            budget = -1;
            errors.Invalid(at, schemaType, $"'{e.Message}': no further validation rules will be run due to call cost exceeds limit for rule: {Name}");
        }
        catch (CelEvaluationException e) when (e.Message.StartsWith(CelEvaluationException.NoOverload.Message, StringComparison.Ordinal))
        {
            // The compiler finds most of these; what is typed as anything (int-or-string) shows only here.
            errors.Invalid(at, schemaType, $"'{e.Message}': call arguments did not match a supported operator, function or macro signature for rule: {Name}");
        }
        catch (CelEvaluationException e)
        {
            errors.Invalid(at, schemaType, $"{e.Message} evaluating rule: {Name}");
        }
    }

    // What a rule is called where it cannot be evaluated.
    private string Name => _message.Length > 0 ? _message : _rule.Text.Trim();

    private static CelProgram? Compile(string text, CelVariable[] variables, CelType wanted, string path, string of, FieldErrors errors)
    {
        try
        {
            var program = CelProgram.Compile(text, variables);
            if (program.Type.Fits(wanted)) return program;
            errors.Invalid(path, text, wanted.Kind == CelKind.Bool ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string");
        }
        catch (CelCompileException e)
        {
            errors.Invalid(path, text, $"{of}compilation failed: {e.Message}");
        }
        return null;
    }

    /// <summary>What is said of a value for which the rule does not hold; null where making it has cost too much, which is reported instead.</summary>
    private string? Message(object? self, object? old, ref long budget, Action<string> tooExpensive)
    {
        var message = _message.Length > 0 ? _message : $"failed rule: {_rule.Text.Trim()}";
        if (_messageExpression is null) return message;
        try
        {
            if (_messageExpression.Run(ref budget, self, old) is not string made) return message;
            made = made.Trim();
            return made.Length > 0 && Encoding.UTF8.GetByteCount(made) <= CelProgram.MessageLimit && !made.Contains('\n', StringComparison.Ordinal) ? made : message;
        }
        catch (CelBudgetException)
        {
            tooExpensive("messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run");
            return null;
        }
        catch (CelCostException)
        {
            budget = -1;
            tooExpensive($"no further validation rules will be run due to call cost exceeds limit for messageExpression: \"{_messageExpression.Text}\"");
            return null;
        }
        catch (CelEvaluationException)
        {
            // As upstream: that a message cannot be made does not hide that the rule failed.
            return message;
        }
    }

    private void Report(string path, string type, object? self, object? old, ref long budget, FieldErrors errors)
    {
        var at = Join(path, _fieldPath);
        if (Message(self, old, ref budget, why => errors.Invalid(at, type, why)) is not { } message) return;
        switch (_reason)
        {
            case "FieldValueForbidden": errors.Forbidden(at, message); break;
            case "FieldValueRequired": errors.Required(at, message); break;
            case "FieldValueDuplicate": errors.Duplicate(at, type); break;
            default: errors.Invalid(at, type, message); break;
        }
    }

    private static string Join(string path, string relative) => (path, relative) switch
    {
        ("", "") => SchemaRules.Root,
        ("", _) => relative.TrimStart('.'),
        _ => path + relative,
    };

    /// <summary>Whether <c>.spec.map['key'].x</c> leads to a field of a schema.</summary>
    private static bool Leads(string path, JsonSchema schema)
    {
        var at = schema;
        var rest = path.AsSpan();
        while (!rest.IsEmpty)
        {
            string name;
            if (rest[0] == '.')
            {
                var end = rest[1..].IndexOfAny('.', '[') is >= 0 and var found ? found + 1 : rest.Length;
                name = rest[1..end].ToString();
                rest = rest[end..];
            }
            else if (rest.StartsWith("['") && rest.IndexOf("']") is > 2 and var close)
            {
                name = rest[2..close].ToString();
                rest = rest[(close + 2)..];
            }
            else return false;
            if ((at.Properties.GetValueOrDefault(name) ?? at.AdditionalProperties) is not { } next) return false;
            at = next;
        }
        return path.Length > 1;
    }

    private static string Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
