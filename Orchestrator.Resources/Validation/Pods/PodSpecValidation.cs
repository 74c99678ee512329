using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of a pod's spec, wherever it stands: in a Pod or in a template (upstream: ValidatePodSpec). Expects a defaulted spec.</summary>
internal static class PodSpecValidation
{
    /// <summary>A Pod as it is created or stands after an update: the spec, and what only real pods must obey.</summary>
    public static void Pod(Field pod, FieldErrors errors)
    {
        var spec = pod["spec"];
        Spec(spec, pod["metadata"]["name"].Text, errors);
        if (spec["serviceAccountName"].Text.Length == 0)
            foreach (var volume in spec["volumes"].Items)
                foreach (var source in volume["projected"]["sources"].Items)
                    if (source["serviceAccountToken"].Exists) errors.Forbidden(source["serviceAccountToken"], "must not be specified when serviceAccountName is not set");
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
            foreach (var container in spec[list].Items) ContainerValidation.ImageWithoutSpace(container, errors);
    }

    /// <summary>A PodTemplateSpec: its labels and annotations, and its spec; ephemeral containers are none of a template's.</summary>
    public static void Template(Field template, FieldErrors errors)
    {
        TemplateMetadata(template, errors);
        Spec(template["spec"], podName: "", errors);
        if (template["spec"]["ephemeralContainers"].Count > 0) errors.Forbidden(template["spec"]["ephemeralContainers"], "ephemeral containers not allowed in pod template");
    }

    /// <summary>What a template's pods will be called by.</summary>
    public static void TemplateMetadata(Field template, FieldErrors errors)
    {
        ObjectMetaValidation.Labels(template["metadata"]["labels"], errors);
        ObjectMetaValidation.Annotations(template["metadata"]["annotations"], errors);
    }

    private static void Spec(Field spec, string podName, FieldErrors errors)
    {
        if (!spec["terminationGracePeriodSeconds"].Exists) errors.Required(spec["terminationGracePeriodSeconds"]);
        var volumes = VolumeValidation.Volumes(spec["volumes"], podName, errors);
        ContainerValidation.Containers(spec, volumes, errors);
        errors.OneOf(spec["restartPolicy"], "Always", "OnFailure", "Never");
        errors.OneOf(spec["dnsPolicy"], "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        ObjectMetaValidation.Labels(spec["nodeSelector"], errors);
        SecurityValidation.PodSecurityContext(spec, errors);
        SchedulingValidation.Affinity(spec["affinity"], errors);
        Dns(spec, errors);
        Gates(spec, errors);
        SchedulingValidation.TopologySpread(spec["topologySpreadConstraints"], errors);
        Names(spec, errors);
        var deadline = spec["activeDeadlineSeconds"];
        if (deadline.Exists && deadline.Number is < 1 or > int.MaxValue) errors.Invalid(deadline, NameFormats.Between(1, int.MaxValue));
        SchedulingValidation.Tolerations(spec["tolerations"], errors);
        HostAliases(spec["hostAliases"], errors);
        if (spec["preemptionPolicy"].Exists) errors.OneOf(spec["preemptionPolicy"], "PreemptLowerPriority", "Never");
        foreach (var (resource, amount) in spec["overhead"].Entries) ResourceValidation.NameAndAmount(resource, amount, errors);
        if (spec["os"].Exists) errors.OneOf(spec["os"]["name"], "linux", "windows");
    }

    private static void Names(Field spec, FieldErrors errors)
    {
        foreach (var reference in (ReadOnlySpan<string>)["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"])
            if (spec[reference].Text.Length > 0) errors.Invalid(spec[reference], NameFormats.Dns1123Subdomain(spec[reference].Text));
        foreach (var label in (ReadOnlySpan<string>)["hostname", "subdomain"])
            if (spec[label].Text.Length > 0) errors.Invalid(spec[label], NameFormats.Dns1123Label(spec[label].Text));
    }

    private static void Gates(Field spec, FieldErrors errors)
    {
        foreach (var gate in spec["readinessGates"].Items) errors.Invalid(gate["conditionType"], NameFormats.QualifiedName(gate["conditionType"].Text));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var gate in spec["schedulingGates"].Items)
        {
            errors.Invalid(gate, NameFormats.QualifiedName(gate["name"].Text));
            if (!seen.Add(gate["name"].Text)) errors.Duplicate(gate);
        }
        if (spec["schedulingGates"].Count > 0 && spec["nodeName"].Text.Length > 0)
            errors.Forbidden(spec["nodeName"], "cannot be set until all schedulingGates have been cleared");
    }

    private static void HostAliases(Field aliases, FieldErrors errors)
    {
        foreach (var alias in aliases.Items)
        {
            if (!AddressValidation.TryParse(alias["ip"].Text, out _)) errors.Invalid(aliases.Path.Child("ip").ToString(), alias["ip"].Text, "must be valid IP address");
            foreach (var host in alias["hostnames"].Items)
                foreach (var problem in NameFormats.Dns1123Subdomain(host.Text)) errors.Invalid(aliases.Path.Child("hostnames").ToString(), host.Text, problem);
        }
    }

    /// <summary>Limits come from libc's resolver: 3 servers; 32 search paths of 2048 characters in all since v1.28.</summary>
    private static void Dns(Field spec, FieldErrors errors)
    {
        const int maxServers = 3, maxSearches = 32, maxSearchLength = 2048;
        var config = spec["dnsConfig"];
        var servers = config["nameservers"];
        if (spec["dnsPolicy"].Text == "None")
        {
            if (!config.Exists)
            {
                errors.Required(config, "must provide `dnsConfig` when `dnsPolicy` is None");
                return;
            }
            if (servers.Count == 0)
            {
                errors.Required(servers, "must provide at least one DNS nameserver when `dnsPolicy` is None");
                return;
            }
        }
        if (servers.Count > maxServers) errors.Invalid(servers, $"must not have more than {maxServers} nameservers");
        foreach (var server in servers.Items)
            if (!AddressValidation.TryParse(server.Text, out _)) errors.Invalid(server, "must be valid IP address");
        var searches = config["searches"];
        if (searches.Count > maxSearches) errors.Invalid(searches, $"must not have more than {maxSearches} search paths");
        if (searches.Items.Sum(s => s.Text.Length + 1) - 1 > maxSearchLength) errors.Invalid(searches, $"must not have more than {maxSearchLength} characters (including spaces) in the search list");
        foreach (var search in searches.Items)
            if (search.Text != ".") errors.Invalid(search, NameFormats.Dns1123Subdomain(search.Text.EndsWith('.') ? search.Text[..^1] : search.Text));
        foreach (var option in config["options"].Items)
            if (option["name"].Text.Length == 0) errors.Required(option, "must not be empty");
    }

}
