using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of FlowSchemas and PriorityLevelConfigurations (pkg/apis/flowcontrol/validation).</summary>
internal static class FlowControlValidation
{
    private const int LastPrecedence = 10000;
    private const long MostQueues = 10_000_000;

    private static readonly string[] SubjectKinds = ["Group", "ServiceAccount", "User"];

    /// <summary>flowcontrol.apiserver.k8s.io/v1 FlowSchema.</summary>
    public static void FlowSchema(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        var precedence = spec["matchingPrecedence"];
        if (precedence.Number <= 0) errors.Invalid(precedence, "must be a positive value");
        if (precedence.Number > LastPrecedence) errors.Invalid(precedence, $"must not be greater than {LastPrecedence}");
        if (precedence.Number == 1 && obj["metadata"]["name"].Text != "exempt") errors.Invalid(precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        if (spec["distinguisherMethod"].Exists && spec["distinguisherMethod"]["type"].Text is not ("ByNamespace" or "ByUser")) errors.NotSupported("spec.distinguisherMethod", spec["distinguisherMethod"]["type"].Text, ["ByNamespace", "ByUser"]);
        var level = spec["priorityLevelConfiguration"]["name"];
        if (level.Text.Length == 0) errors.Required(level, "must reference a priority level");
        else errors.Invalid(level, NameFormats.Dns1123Subdomain(level.Text));
        foreach (var rule in spec["rules"].Items) Rule(rule, errors);
    }

    /// <summary>flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration.</summary>
    public static void PriorityLevel(Field obj, FieldErrors errors)
    {
        var (spec, type) = (obj["spec"], obj["spec"]["type"]);
        switch (type.Text)
        {
            case "Exempt":
                if (spec["limited"].Exists) errors.Forbidden(spec["limited"], "must be nil if the type is not Limited");
                if (obj["metadata"]["name"].Text != "exempt") errors.Invalid(type, "must be 'Limited' if and only if `name` is not 'exempt'");
                break;
            case "Limited":
                if (spec["exempt"].Exists) errors.Forbidden(spec["exempt"], "must be nil if the type is Limited");
                if (!spec["limited"].Exists) errors.Required(spec["limited"], "must not be empty when type is Limited");
                else Limited(spec["limited"], errors);
                break;
            default:
                errors.NotSupported(type, ["Exempt", "Limited"]);
                break;
        }
    }

    private static void Limited(Field limited, FieldErrors errors)
    {
        if (limited["nominalConcurrencyShares"].Number < 0) errors.Invalid(limited["nominalConcurrencyShares"], "must be a non-negative integer");
        Percent(limited["lendablePercent"], errors);
        if (limited["borrowingLimitPercent"].Exists && limited["borrowingLimitPercent"].Number < 0) errors.Invalid(limited["borrowingLimitPercent"], "if specified, must be a non-negative integer");
        var response = limited["limitResponse"];
        switch (response["type"].Text)
        {
            case "Reject":
                if (response["queuing"].Exists) errors.Forbidden(response["queuing"], "must be nil if limited.limitResponse.type is not Limited");
                break;
            case "Queue":
                if (response["queuing"].Exists) Queuing(response["queuing"], errors);
                else errors.Required(response["queuing"], "must not be empty if limited.limitResponse.type is Limited");
                break;
            default:
                errors.NotSupported(response["type"], ["Queue", "Reject"]);
                break;
        }
    }

    private static void Percent(Field percent, FieldErrors errors)
    {
        if (percent.Exists && percent.Number is < 0 or > 100) errors.Invalid(percent, "must be between 0 and 100, inclusive");
    }

    private static void Queuing(Field queuing, FieldErrors errors)
    {
        var (queues, hand) = (queuing["queues"], queuing["handSize"]);
        if (queuing["queueLengthLimit"].Number <= 0) errors.Invalid(queuing["queueLengthLimit"], "must be positive");
        if (queues.Number <= 0) errors.Invalid(queues, "must be positive");
        else if (queues.Number > MostQueues) errors.Invalid(queues, $"must not be greater than {MostQueues}");
        if (hand.Number <= 0) errors.Invalid(hand, "must be positive");
        else if (hand.Number > queues.Number) errors.Invalid(hand, $"should not be greater than queues ({queues.Number})");
    }

    private static void Rule(Field rule, FieldErrors errors)
    {
        if (rule["subjects"].Count == 0) errors.Required(rule["subjects"], "subjects must contain at least one value");
        foreach (var subject in rule["subjects"].Items) Subject(subject, errors);
        if (rule["resourceRules"].Count == 0 && rule["nonResourceRules"].Count == 0) errors.Required(rule, "at least one of resourceRules and nonResourceRules has to be non-empty");
        foreach (var part in rule["resourceRules"].Items)
        {
            Some(part["verbs"], "verbs", errors);
            Some(part["apiGroups"], "api groups", errors);
            Some(part["resources"], "resources", errors);
            if (part["namespaces"].Count == 0 && !part["clusterScope"].Flag) errors.Required(part["namespaces"], "resource rules that are not cluster scoped must supply at least one namespace");
        }
        foreach (var part in rule["nonResourceRules"].Items)
        {
            Some(part["verbs"], "verbs", errors);
            if (part["nonResourceURLs"].Count == 0) errors.Required(part["nonResourceURLs"], "nonResourceURLs must contain at least one value");
        }
    }

    private static void Subject(Field subject, FieldErrors errors)
    {
        switch (subject["kind"].Text)
        {
            case "ServiceAccount":
                if (!subject["serviceAccount"].Exists) errors.Required(subject["serviceAccount"], "serviceAccount is required when subject kind is 'ServiceAccount'");
                else if (subject["serviceAccount"]["name"].Text.Length == 0) errors.Required(subject["serviceAccount"]["name"]);
                else if (subject["serviceAccount"]["namespace"].Text.Length == 0) errors.Required(subject["serviceAccount"]["namespace"], "must specify namespace for service account");
                break;
            case "User":
                if (!subject["user"].Exists) errors.Required(subject["user"], "user is required when subject kind is 'User'");
                else if (subject["user"]["name"].Text.Length == 0) errors.Required(subject["user"]["name"]);
                break;
            case "Group":
                if (!subject["group"].Exists) errors.Required(subject["group"], "group is required when subject kind is 'Group'");
                else if (subject["group"]["name"].Text.Length == 0) errors.Required(subject["group"]["name"]);
                break;
            default:
                errors.NotSupported(subject["kind"], SubjectKinds);
                break;
        }
    }

    private static void Some(Field list, string what, FieldErrors errors)
    {
        if (list.Count == 0) errors.Required(list, $"{what} must contain at least one value");
        else if (list.Count > 1 && list.Items.Any(i => i.Text == "*")) errors.Invalid(list, $"if '*' is present, must not specify other {what}");
    }
}
