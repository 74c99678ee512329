using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Admission;

/// <summary>Rules of ValidatingAdmissionPolicy and its binding (pkg/apis/admissionregistration/validation). Expressions are compiled: what is not understood here is not stored.</summary>
internal static class AdmissionPolicyValidation
{
    private static readonly string[] Reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
    private static readonly string[] Actions = ["Audit", "Deny", "Warn"];

    internal static void Policy(Field policy, FieldErrors errors)
    {
        var spec = policy["spec"];
        var parameters = spec["paramKind"].Exists;
        if (parameters)
        {
            if (spec["paramKind"]["apiVersion"].Text.Length == 0) errors.Required(spec["paramKind"]["apiVersion"]);
            if (spec["paramKind"]["kind"].Text.Length == 0) errors.Required(spec["paramKind"]["kind"]);
        }
        if (spec["failurePolicy"].Exists && spec["failurePolicy"].Text is not ("Fail" or "Ignore")) errors.NotSupported(spec["failurePolicy"], ["Fail", "Ignore"]);
        if (!spec["matchConstraints"].Exists) errors.Required(spec["matchConstraints"]);
        else
        {
            Match(spec["matchConstraints"], errors);
            if (spec["matchConstraints"]["resourceRules"].Count == 0) errors.Required(spec["matchConstraints"]["resourceRules"]);
        }
        AdmissionConditions.Validate(spec["matchConditions"], parameters, errors);
        var names = Variables(spec["variables"], parameters, errors);
        if (spec["validations"].Count == 0 && spec["auditAnnotations"].Count == 0) errors.Required(spec["validations"], "validations or auditAnnotations must be non-empty");
        foreach (var validation in spec["validations"].Items)
        {
            Expression(validation["expression"], names, errors, CelType.Bool);
            if (validation["messageExpression"].Text.Length > 0) Expression(validation["messageExpression"], names, errors, CelType.String);
            if (validation["message"].Exists && validation["message"].Text.Trim().Length == 0) errors.Invalid(validation["message"], "message must be non-empty if specified");
            if (validation["reason"].Exists && !Reasons.Contains(validation["reason"].Text)) errors.NotSupported(validation["reason"], Reasons);
        }
        foreach (var annotation in spec["auditAnnotations"].Items)
        {
            if (annotation["key"].Text.Length == 0) errors.Required(annotation["key"]);
            Expression(annotation["valueExpression"], names, errors, CelType.String, CelType.Null);
        }
    }

    internal static void Binding(Field binding, FieldErrors errors)
    {
        var spec = binding["spec"];
        if (spec["policyName"].Text.Length == 0) errors.Required(spec["policyName"]);
        if (spec["paramRef"].Exists) Parameters(spec["paramRef"], errors);
        if (spec["matchResources"].Exists) Match(spec["matchResources"], errors);
        var actions = new HashSet<string>(StringComparer.Ordinal);
        if (spec["validationActions"].Count == 0) errors.Required(spec["validationActions"]);
        foreach (var action in spec["validationActions"].Items)
        {
            if (!Actions.Contains(action.Text)) errors.NotSupported(action, Actions);
            else if (!actions.Add(action.Text)) errors.Duplicate(action);
        }
        if (actions.Contains("Deny") && actions.Contains("Warn")) errors.Invalid(spec["validationActions"], "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
    }

    /// <summary>An expression that is required and compiles.</summary>
    internal static void Expression(Field expression, IReadOnlyList<CelVariable> names, FieldErrors errors, params ReadOnlySpan<CelType> wanted)
    {
        if (expression.Text.Trim().Length == 0)
        {
            errors.Required(expression);
            return;
        }
        try
        {
            CelProgram.Compile(expression.Text, names, wanted);
        }
        catch (CelCompileException e)
        {
            errors.Invalid(expression, $"compilation failed: {e.Message}");
        }
    }

    private static IReadOnlyList<CelVariable> Variables(Field variables, bool parameters, FieldErrors errors)
    {
        var known = new Dictionary<string, CelType>(StringComparer.Ordinal);
        foreach (var variable in variables.Items)
        {
            var name = variable["name"].Text;
            if (name.Length == 0) errors.Required(variable["name"]);
            else if (!(char.IsAsciiLetter(name[0]) || name[0] == '_') || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')) errors.Invalid(variable["name"], "name is not a valid CEL identifier");
            else if (known.ContainsKey(name)) errors.Duplicate(variable["name"]);
            try
            {
                known[name] = CelProgram.Compile(variable["expression"].Text, AdmissionPolicy.Names(parameters, known)).Type;
            }
            catch (CelCompileException e)
            {
                known[name] = CelType.Dyn;
                errors.Invalid(variable["expression"], $"compilation failed: {e.Message}");
            }
        }
        return AdmissionPolicy.Names(parameters, known);
    }

    private static void Match(Field match, FieldErrors errors)
    {
        LabelSelectorValidation.Selector(match["namespaceSelector"], errors);
        LabelSelectorValidation.Selector(match["objectSelector"], errors);
        if (match["matchPolicy"].Exists && match["matchPolicy"].Text is not ("Exact" or "Equivalent")) errors.NotSupported(match["matchPolicy"], ["Equivalent", "Exact"]);
        foreach (var rule in match["resourceRules"].Items) WebhookValidation.Rule(rule, errors);
        foreach (var rule in match["excludeResourceRules"].Items) WebhookValidation.Rule(rule, errors);
    }

    private static void Parameters(Field reference, FieldErrors errors)
    {
        if (reference["name"].Text.Length > 0 && reference["selector"].Exists) errors.Forbidden(reference["name"], "name and selector are mutually exclusive");
        else if (reference["name"].Text.Length == 0 && !reference["selector"].Exists) errors.Required(reference, "one of name or selector must be specified");
        LabelSelectorValidation.Selector(reference["selector"], errors);
        if (!reference["parameterNotFoundAction"].Exists) errors.Required(reference["parameterNotFoundAction"]);
        else if (reference["parameterNotFoundAction"].Text is not ("Allow" or "Deny")) errors.NotSupported(reference["parameterNotFoundAction"], ["Deny", "Allow"]);
    }
}
