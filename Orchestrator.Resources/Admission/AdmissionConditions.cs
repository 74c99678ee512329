using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Admission;

/// <summary><c>matchConditions</c>, compiled: a request is concerned only where all of them hold (k8s.io/apiserver plugin/webhook/matchconditions).</summary>
public sealed class AdmissionConditions
{
    private const int Most = 64;
    private const long Budget = 2_500_000;

    private readonly IReadOnlyList<(string Name, CelProgram Program)> _conditions;

    private AdmissionConditions(IReadOnlyList<(string, CelProgram)> conditions) => _conditions = conditions;

    /// <summary>Whether there are none, so that nothing needs to be known of a request.</summary>
    public bool IsEmpty => _conditions.Count == 0;

    /// <summary>Compiles stored conditions. Throws <see cref="CelCompileException"/> for what validation would have refused.</summary>
    public static AdmissionConditions Of(JsonNode? conditions, bool parameters = false)
    {
        var names = AdmissionScope.Names(parameters);
        return new AdmissionConditions([.. (conditions as JsonArray ?? []).OfType<JsonObject>().Select(c => ((string?)c["name"] ?? "", CelProgram.Compile((string?)c["expression"] ?? "", names, CelType.Bool)))]);
    }

    /// <summary>
    /// Whether all hold. One that does not settles it; else errors do, and are thrown as one <see cref="CelEvaluationException"/>. What they may cost together is less than elsewhere, since every
    /// request is looked at; <see cref="CelBudgetException"/> where that is spent.
    /// </summary>
    public bool Hold(AdmissionScope scope)
    {
        var (budget, errors) = (Budget, new List<string>());
        foreach (var (name, program) in _conditions)
        {
            try
            {
                if (scope.Run(program, ref budget) is not true) return false;
            }
            catch (CelEvaluationException e) when (e is not CelBudgetException)
            {
                errors.Add($"{name}: expression '{program.Text}' resulted in error: {e.Message}");
            }
        }
        return errors.Count == 0 ? true : throw new CelEvaluationException(string.Join(", ", errors));
    }

    internal static void Validate(Field conditions, bool parameters, FieldErrors errors)
    {
        if (conditions.Count > Most) errors.TooMany(conditions.Path.ToString(), conditions.Count, Most);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var condition in conditions.Items)
        {
            if (condition["name"].Text.Length == 0) errors.Required(condition["name"]);
            else errors.Invalid(condition["name"], NameFormats.QualifiedName(condition["name"].Text));
            if (condition["name"].Text.Length > 0 && !seen.Add(condition["name"].Text)) errors.Duplicate(condition["name"]);
            AdmissionPolicyValidation.Expression(condition["expression"], AdmissionScope.Names(parameters), errors, CelType.Bool);
        }
    }
}
