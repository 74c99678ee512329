using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Admission;

/// <summary>Rules of MutatingWebhookConfiguration and ValidatingWebhookConfiguration (pkg/apis/admissionregistration/validation).</summary>
internal static class WebhookValidation
{
    private static readonly string[] SideEffects = ["None", "NoneOnDryRun"];

    internal static void Validate(Field configuration, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var mutating = configuration["kind"].Text == "MutatingWebhookConfiguration";
        foreach (var hook in configuration["webhooks"].Items)
        {
            Hook(hook, mutating, errors);
            Versions(hook["admissionReviewVersions"], errors);
            if (hook["name"].Text.Length > 0 && !names.Add(hook["name"].Text)) errors.Duplicate(hook["name"]);
        }
    }

    /// <summary>A reference to a webhook: exactly one of a URL and a Service.</summary>
    internal static void Client(Field client, FieldErrors errors)
    {
        var (url, service) = (client["url"], client["service"]);
        if (url.Exists == service.Exists) errors.Required(client, "exactly one of url or service is required");
        else if (url.Exists) Url(url, errors);
        else Service(service, errors);
        if (client["caBundle"].Text.Length > 0 && !IsPem(client["caBundle"].Text)) errors.Invalid(client["caBundle"], "unable to load root certificates: unable to parse bytes as PEM block");
    }

    /// <summary>Operations on resources.</summary>
    internal static void Rule(Field rule, FieldErrors errors)
    {
        var operations = rule["operations"];
        if (operations.Count == 0) errors.Required(operations);
        if (operations.Count > 1 && Has(operations, "*")) errors.Invalid(operations, "if '*' is present, must not specify other operations");
        foreach (var operation in operations.Items)
            if (operation.Text is not ("*" or AdmissionAttributes.Create or AdmissionAttributes.Update or AdmissionAttributes.Delete or AdmissionAttributes.Connect))
                errors.NotSupported(operation, ["*", AdmissionAttributes.Connect, AdmissionAttributes.Create, AdmissionAttributes.Delete, AdmissionAttributes.Update]);
        var (groups, versions) = (rule["apiGroups"], rule["apiVersions"]);
        if (groups.Count == 0) errors.Required(groups);
        if (groups.Count > 1 && Has(groups, "*")) errors.Invalid(groups, "if '*' is present, must not specify other API groups");
        if (versions.Count == 0) errors.Required(versions);
        if (versions.Count > 1 && Has(versions, "*")) errors.Invalid(versions, "if '*' is present, must not specify other API versions");
        foreach (var version in versions.Items)
            if (version.Text.Length == 0) errors.Required(version);
        Resources(rule["resources"], errors);
        if (rule["scope"].Exists && rule["scope"].Text is not ("*" or "Cluster" or "Namespaced")) errors.NotSupported(rule["scope"], ["*", "Cluster", "Namespaced"]);
    }

    private static void Hook(Field hook, bool mutating, FieldErrors errors)
    {
        QualifiedName(hook["name"], errors);
        foreach (var rule in hook["rules"].Items) Rule(rule, errors);
        if (hook["failurePolicy"].Exists && hook["failurePolicy"].Text is not ("Fail" or "Ignore")) errors.NotSupported(hook["failurePolicy"], ["Fail", "Ignore"]);
        if (hook["matchPolicy"].Exists && hook["matchPolicy"].Text is not ("Exact" or "Equivalent")) errors.NotSupported(hook["matchPolicy"], ["Equivalent", "Exact"]);
        if (!hook["sideEffects"].Exists) errors.Required(hook["sideEffects"], $"must specify one of {string.Join(", ", SideEffects)}");
        else if (!SideEffects.Contains(hook["sideEffects"].Text)) errors.NotSupported(hook["sideEffects"], SideEffects);
        if (hook["timeoutSeconds"].Exists && hook["timeoutSeconds"].Number is < 1 or > 30) errors.Invalid(hook["timeoutSeconds"], "the timeout value must be between 1 and 30 seconds");
        if (mutating && hook["reinvocationPolicy"].Exists && hook["reinvocationPolicy"].Text is not ("Never" or "IfNeeded")) errors.NotSupported(hook["reinvocationPolicy"], ["IfNeeded", "Never"]);
        LabelSelectorValidation.Selector(hook["namespaceSelector"], errors);
        LabelSelectorValidation.Selector(hook["objectSelector"], errors);
        Client(hook["clientConfig"], errors);
        AdmissionConditions.Validate(hook["matchConditions"], parameters: false, errors);
    }

    private static void QualifiedName(Field name, FieldErrors errors)
    {
        if (name.Text.Length == 0) errors.Required(name);
        else if (NameFormats.Dns1123Subdomain(name.Text) is { Count: > 0 } wrong) errors.Invalid(name, string.Join(",", wrong));
        else if (name.Text.Split('.').Length < 3) errors.Invalid(name, "should be a domain with at least three segments separated by dots");
    }

    private static void Versions(Field versions, FieldErrors errors)
    {
        if (versions.Count == 0)
        {
            errors.Required(versions, $"must specify one of {string.Join(", ", AdmissionReview.Versions)}");
            return;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var version in versions.Items)
        {
            if (!seen.Add(version.Text)) errors.Invalid(version, "duplicate version");
            else errors.Invalid(version, NameFormats.Dns1035Label(version.Text));
        }
        if (!seen.Overlaps(AdmissionReview.Versions)) errors.Invalid(versions, $"must include at least one of {string.Join(", ", AdmissionReview.Versions)}");
    }

    private static void Resources(Field resources, FieldErrors errors)
    {
        if (resources.Count == 0) errors.Required(resources);
        var (everySubresource, everyResource) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var plain = false;
        foreach (var entry in resources.Items)
        {
            var text = entry.Text;
            if (text.Length == 0) errors.Required(entry);
            if (text.IndexOf('/') is not (> 0 and var slash))
            {
                plain |= text.Length > 0 && text != "*";
                continue;
            }
            var (resource, subresource) = (text[..slash], text[(slash + 1)..]);
            if (everySubresource.Contains(resource)) errors.Invalid(entry, $"if '{resource}/*' is present, must not specify {text}");
            if (everyResource.Contains(subresource)) errors.Invalid(entry, $"if '*/{subresource}' is present, must not specify {text}");
            if (subresource == "*") everySubresource.Add(resource);
            if (resource == "*") everyResource.Add(subresource);
        }
        if (resources.Count > 1 && Has(resources, "*/*")) errors.Invalid(resources, "if '*/*' is present, must not specify other resources");
        if (plain && Has(resources, "*")) errors.Invalid(resources, "if '*' is present, must not specify other resources without subresources");
    }

    private static void Url(Field url, FieldErrors errors)
    {
        const string Form = "; desired format: https://host[/path]";
        if (!Uri.TryCreate(url.Text, UriKind.Absolute, out var uri))
        {
            errors.Required(url, $"url must be a valid URL{Form}");
            return;
        }
        if (uri.Scheme != Uri.UriSchemeHttps) errors.Invalid(url.Path.ToString(), uri.Scheme, $"'https' is the only allowed URL scheme{Form}");
        if (uri.Host.Length == 0) errors.Invalid(url.Path.ToString(), "", $"host must be provided{Form}");
        if (uri.UserInfo.Length > 0) errors.Invalid(url.Path.ToString(), uri.UserInfo, "user information is not permitted in the URL");
        if (uri.Fragment.Length > 0) errors.Invalid(url.Path.ToString(), uri.Fragment.TrimStart('#'), "fragments are not permitted in the URL");
        if (uri.Query.Length > 0) errors.Invalid(url.Path.ToString(), uri.Query.TrimStart('?'), "query parameters are not permitted in the URL");
    }

    private static void Service(Field service, FieldErrors errors)
    {
        if (service["name"].Text.Length == 0) errors.Required(service["name"], "service name is required");
        if (service["namespace"].Text.Length == 0) errors.Required(service["namespace"], "service namespace is required");
        if (service["port"].Exists && service["port"].Number is < 1 or > 65535) errors.Invalid(service["port"], "port is not valid: must be between 1 and 65535, inclusive");
        var path = service["path"].Text;
        if (path.Length <= 1 && path is "" or "/") return;
        if (path[0] != '/') errors.Invalid(service["path"], "must start with a '/'");
        var steps = path.TrimStart('/').Split('/');
        for (var i = 0; i < steps.Length; i++)
        {
            if (steps[i].Length == 0 && i == steps.Length - 1 && steps.Length > 1) continue; // a slash at the end
            if (steps[i].Length == 0) errors.Invalid(service["path"], $"segment[{i}] may not be empty");
            else foreach (var wrong in NameFormats.Dns1123Subdomain(steps[i])) errors.Invalid(service["path"], $"segment[{i}]: {wrong}");
        }
    }

    private static bool IsPem(string base64)
    {
        try
        {
            return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(base64)).Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool Has(Field list, string value)
    {
        foreach (var item in list.Items)
            if (item.Text == value) return true;
        return false;
    }
}
