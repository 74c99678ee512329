using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;

namespace Orchestrator.Resources.Admission;

/// <summary>A violated validation of a policy: what is said, and under which reason.</summary>
public sealed record PolicyViolation(string Message, string Reason);

/// <summary>A stored ValidatingAdmissionPolicy, compiled. Immutable.</summary>
public sealed class AdmissionPolicy
{
    private readonly IReadOnlyList<(string Name, CelProgram Program)> _variables;
    private readonly IReadOnlyList<Rule> _rules;
    private readonly AdmissionConditions _conditions;
    private readonly bool _failsOpen;

    private sealed record Rule(CelProgram Expression, string Message, CelProgram? MessageExpression, string Reason);

    /// <summary>Compiles. Throws <see cref="CelCompileException"/> for what validation would have refused.</summary>
    public AdmissionPolicy(JsonObject json)
    {
        var spec = json["spec"] as JsonObject ?? [];
        Name = (string?)json["metadata"]?["name"] ?? "";
        Match = new AdmissionMatch(spec["matchConstraints"] as JsonObject ?? []);
        _failsOpen = (string?)spec["failurePolicy"] == "Ignore";
        if (spec["paramKind"] is JsonObject kind) ParameterKind = ((string?)kind["apiVersion"] ?? "", (string?)kind["kind"] ?? "");
        var parameters = ParameterKind is not null;
        _conditions = AdmissionConditions.Of(spec["matchConditions"], parameters);
        (_variables, var names) = Compile(spec["variables"], parameters);
        _rules = [.. (spec["validations"] as JsonArray ?? []).OfType<JsonObject>().Select(v => new Rule(
            CelProgram.Compile(Text(v, "expression"), names, CelType.Bool), Text(v, "message"),
            Text(v, "messageExpression") is { Length: > 0 } words ? CelProgram.Compile(words, names, CelType.String) : null,
            Text(v, "reason") is { Length: > 0 } reason ? reason : "Invalid"))];
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it is about.</summary>
    public AdmissionMatch Match { get; }

    /// <summary>The kind of its parameters, or null where it takes none.</summary>
    public (string ApiVersion, string Kind)? ParameterKind { get; }

    /// <summary>What a request violates; empty for nothing. Errors count as violations unless <c>failurePolicy</c> is Ignore.</summary>
    public IReadOnlyList<PolicyViolation> Check(AdmissionScope scope)
    {
        var budget = CelProgram.RunLimit;
        try
        {
            if (!_conditions.Hold(scope)) return [];
        }
        catch (CelEvaluationException e)
        {
            return _failsOpen ? [] : [new PolicyViolation(e.Message, "Invalid")];
        }
        scope.Define(_variables, program => scope.Run(program, ref budget));
        var outcomes = new List<(Rule Rule, bool Holds, string? Error)>();
        foreach (var rule in _rules)
        {
            try
            {
                outcomes.Add((rule, scope.Run(rule.Expression, ref budget) is true, null));
            }
            catch (CelBudgetException e)
            {
                // Nothing further is known of the request: this is all there is to say.
                return _failsOpen ? [] : [new PolicyViolation(e.Message, "Invalid")];
            }
            catch (CelEvaluationException e)
            {
                outcomes.Add((rule, false, $"expression '{rule.Expression.Text}' resulted in error: {e.Message}"));
            }
        }
        return Violations(outcomes, scope, ref budget);
    }

    private List<PolicyViolation> Violations(IReadOnlyList<(Rule Rule, bool Holds, string? Error)> outcomes, AdmissionScope scope, ref long budget)
    {
        try
        {
            var violations = new List<PolicyViolation>();
            foreach (var (rule, holds, error) in outcomes)
            {
                if (error is not null && !_failsOpen) violations.Add(new PolicyViolation(error, "Invalid"));
                if (error is null && !holds) violations.Add(new PolicyViolation(Words(rule, scope, ref budget), rule.Reason));
            }
            return violations;
        }
        catch (CelBudgetException e)
        {
            // The messages are worked out together; without them no validation has a result, whether it held or not.
            return _failsOpen ? [] : [.. outcomes.Select(o => new PolicyViolation(o.Error ?? $"failed messageExpression: {e.Message}", "Invalid"))];
        }
    }

    /// <summary>Variables see those before them.</summary>
    internal static (IReadOnlyList<(string Name, CelProgram Program)> Variables, IReadOnlyList<CelVariable> Names) Compile(JsonNode? variables, bool parameters)
    {
        var known = new Dictionary<string, CelType>(StringComparer.Ordinal);
        var compiled = new List<(string, CelProgram)>();
        foreach (var variable in (variables as JsonArray ?? []).OfType<JsonObject>())
        {
            var program = CelProgram.Compile(Text(variable, "expression"), Names(parameters, known));
            compiled.Add((Text(variable, "name"), program));
            known[Text(variable, "name")] = program.Type;
        }
        return (compiled, Names(parameters, known));
    }

    internal static IReadOnlyList<CelVariable> Names(bool parameters, IReadOnlyDictionary<string, CelType> variables)
    {
        var fields = new Dictionary<string, CelType>(variables, StringComparer.Ordinal);
        return AdmissionScope.Names(parameters, CelType.Object("kubernetes.variables", () => fields));
    }

    private static string Words(Rule rule, AdmissionScope scope, ref long budget)
    {
        try
        {
            if (rule.MessageExpression is not null && scope.Run(rule.MessageExpression, ref budget) is string text && text.Trim() is { Length: > 0 } made
                && Encoding.UTF8.GetByteCount(made) <= CelProgram.MessageLimit && !made.Contains('\n', StringComparison.Ordinal)) return made;
        }
        catch (CelEvaluationException e) when (e is not CelBudgetException)
        {
            // As upstream: that a message cannot be made does not hide that the validation failed.
        }
        return rule.Message.Trim().Length > 0 ? rule.Message.Trim() : $"failed expression: {rule.Expression.Text.Trim()}";
    }

    private static string Text(JsonObject json, string name) => (string?)json[name] ?? "";
}

/// <summary>A stored ValidatingAdmissionPolicyBinding.</summary>
public sealed class AdmissionPolicyBinding
{
    /// <summary>Reads it.</summary>
    public AdmissionPolicyBinding(JsonObject json)
    {
        var spec = json["spec"] as JsonObject ?? [];
        Name = (string?)json["metadata"]?["name"] ?? "";
        Policy = (string?)spec["policyName"] ?? "";
        Match = new AdmissionMatch(spec["matchResources"] as JsonObject ?? [], anythingWithoutRules: true);
        Parameters = spec["paramRef"] as JsonObject;
        Actions = [.. (spec["validationActions"] as JsonArray ?? []).Select(a => (string?)a ?? "")];
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Name of the policy it puts to use.</summary>
    public string Policy { get; }

    /// <summary>Where: narrows what the policy is about.</summary>
    public AdmissionMatch Match { get; }

    /// <summary><c>paramRef</c>, or null.</summary>
    public JsonObject? Parameters { get; }

    /// <summary>Deny, Warn, Audit.</summary>
    public IReadOnlyList<string> Actions { get; }
}
