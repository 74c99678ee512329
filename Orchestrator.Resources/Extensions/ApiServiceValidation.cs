using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Extensions;

/// <summary>Defaults and rules of APIServices (kube-aggregator pkg/apis/apiregistration/validation).</summary>
internal static class ApiServiceValidation
{
    internal static void Default(JsonObject obj)
    {
        if (obj["spec"]?["service"] is JsonObject service && service["port"] is null) service["port"] = 443;
    }

    internal static void Validate(Field service, FieldErrors errors)
    {
        var spec = service["spec"];
        var (group, version) = (spec["group"].Text, spec["version"].Text);
        if (service["metadata"]["name"].Text != $"{version}.{group}") errors.Invalid(service["metadata"]["name"], "must be `spec.version+\".\"+spec.group`");
        if (group.Length > 0) errors.Invalid(spec["group"], NameFormats.Dns1123Subdomain(group));
        else if (version != "v1") errors.Required(spec["group"], "only v1 may have an empty group and it better be legacy kube");
        errors.Invalid(spec["version"], NameFormats.Dns1035Label(version));
        if (spec["groupPriorityMinimum"].Number is <= 0 or > 20000) errors.Invalid(spec["groupPriorityMinimum"], "must be positive and less than 20000");
        if (spec["versionPriority"].Number is <= 0 or > 1000) errors.Invalid(spec["versionPriority"], "must be positive and less than 1000");
        var (reference, bundle, insecure) = (spec["service"], spec["caBundle"].Text.Length > 0, spec["insecureSkipTLSVerify"].Flag);
        if (!reference.Exists)
        {
            if (bundle) errors.Invalid("spec.caBundle", "<bytes>", "local APIServices may not have a caBundle");
            if (insecure) errors.Invalid(spec["insecureSkipTLSVerify"], "local APIServices may not have insecureSkipTLSVerify");
            return;
        }
        if (reference["namespace"].Text.Length == 0) errors.Required(reference["namespace"]);
        if (reference["name"].Text.Length == 0) errors.Required(reference["name"]);
        if (reference["port"].Number is < 1 or > 65535) errors.Invalid(reference["port"], "port is not valid: must be between 1 and 65535, inclusive");
        if (insecure && bundle) errors.Invalid(spec["insecureSkipTLSVerify"], "may not be true if caBundle is present");
    }
}
