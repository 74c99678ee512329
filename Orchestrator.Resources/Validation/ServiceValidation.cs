using System.Globalization;
using System.Net.Sockets;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation.Pods;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of Services (upstream: ValidateService, ValidateServiceUpdate).</summary>
internal static class ServiceValidation
{
    private const int MaxAffinitySeconds = 86400;
    private const int KubeletPort = 10250;
    private const string MayNotChange = "may not change once set";

    /// <summary>v1 Service.</summary>
    public static void Service(Field service, FieldErrors errors)
    {
        var spec = service["spec"];
        var type = spec["type"].Text;
        var headless = IsHeadless(spec);
        if (spec["ports"].Count == 0 && !headless && type != "ExternalName") errors.Required(spec["ports"]);
        ByType(spec, type, headless, errors);
        Ports(spec["ports"], type, errors);
        ObjectMetaValidation.Labels(spec["selector"], errors);
        Affinity(spec, errors);
        if (type != "ExternalName") ClusterIps(spec, headless, errors);
        foreach (var ip in spec["externalIPs"].Items) AddressValidation.NonSpecial(ip, errors);
        errors.OneOf(spec["type"], "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        LoadBalancer(spec, type, errors);
        Traffic(spec, type, errors);
    }

    /// <summary>Cluster addresses stay, unless the service comes from or goes to ExternalName.</summary>
    public static void Change(Field now, Field before, FieldErrors errors)
    {
        var (spec, old) = (now["spec"], before["spec"]);
        if (spec["type"].Text == "ExternalName" || old["type"].Text == "ExternalName") return;
        if (IsHeadless(spec) && IsHeadless(old)) return;
        var ips = spec["clusterIPs"];
        var (fresh, had) = (ips.Items.Select(i => i.Text).ToList(), old["clusterIPs"].Items.Select(i => i.Text).ToList());
        if (had.Count == 0) return;
        var first = ips.Path.Index(0).ToString();
        if (fresh.Count == 0) errors.Invalid(first, ips.Value, "primary clusterIP can not be unset");
        else if (fresh[0] != had[0]) errors.Invalid(first, ips.Value, MayNotChange);
        else if (fresh.Count == had.Count && fresh.Count == 2 && fresh[1] != had[1]) errors.Invalid(ips.Path.Index(1).ToString(), ips.Value, MayNotChange);
        else if (had.Count == 2 && fresh.Count == 1 && spec["ipFamilyPolicy"].Text != "SingleStack")
            errors.Invalid(first, ips.Value, "`ipFamilyPolicy` must be set to 'SingleStack' when releasing the secondary clusterIP");
        var families = spec["ipFamilies"];
        var (family, hadFamily) = (families.Items.Select(f => f.Text).FirstOrDefault(), old["ipFamilies"].Items.Select(f => f.Text).FirstOrDefault());
        if (IsHeadless(spec) == IsHeadless(old) && hadFamily is not null && family != hadFamily) errors.Invalid(families.Path.Index(0).ToString(), families.Value, MayNotChange);
    }

    private static bool IsHeadless(Field spec) => spec["clusterIPs"].Count == 1 && spec["clusterIPs"].Items.First().Text == "None";

    private static void ByType(Field spec, string type, bool headless, FieldErrors errors)
    {
        switch (type)
        {
            case "LoadBalancer":
                foreach (var port in spec["ports"].Items)
                    if (port["port"].Number == KubeletPort) errors.Invalid(port.Path.ToString(), KubeletPort, $"may not expose port {KubeletPort} externally since it is used by kubelet");
                if (headless) errors.Invalid(spec["clusterIPs"].Path.Index(0).ToString(), "None", "may not be set to 'None' for LoadBalancer services");
                break;
            case "NodePort":
                if (headless) errors.Invalid(spec["clusterIPs"].Path.Index(0).ToString(), "None", "may not be set to 'None' for NodePort services");
                break;
            case "ExternalName":
                foreach (var field in (ReadOnlySpan<string>)["clusterIPs", "ipFamilies", "ipFamilyPolicy"])
                    if (spec[field].Count > 0 || spec[field].Text.Length > 0) errors.Forbidden(spec[field], "may not be set for ExternalName services");
                var name = spec["externalName"];
                if (name.Text.TrimEnd('.').Length == 0) errors.Required(name);
                else errors.Invalid(name, NameFormats.Dns1123Subdomain(name.Text.EndsWith('.') ? name.Text[..^1] : name.Text));
                break;
        }
    }

    private static void Ports(Field ports, string type, FieldErrors errors)
    {
        var (names, numbers, nodePorts) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<(string, long)>(), new HashSet<(string, long)>());
        foreach (var port in ports.Items)
        {
            var name = port["name"];
            if (name.Text.Length > 0)
            {
                errors.Invalid(name, NameFormats.Dns1123Label(name.Text));
                if (!names.Add(name.Text)) errors.Duplicate(name);
            }
            else if (ports.Count > 1)
            {
                errors.Required(name);
            }
            errors.Invalid(port["port"], NameFormats.PortNumber(port["port"].Number));
            errors.OneOf(port["protocol"], "SCTP", "TCP", "UDP");
            HandlerValidation.PortNumberOrName(port["targetPort"], errors);
            if (port["appProtocol"].Exists) errors.Invalid(port["appProtocol"], NameFormats.QualifiedName(port["appProtocol"].Text));
            var protocol = port["protocol"].Text;
            var nodePort = port["nodePort"];
            if (nodePort.Number != 0)
            {
                if (type == "ClusterIP") errors.Forbidden(nodePort, "may not be used when `type` is 'ClusterIP'");
                if (!nodePorts.Add((protocol, nodePort.Number))) errors.Duplicate(nodePort);
            }
            if (!numbers.Add((protocol, port["port"].Number))) errors.Duplicate(port.Path.ToString(), new PortKey(protocol, port["port"].Number));
        }
    }

    private static void Affinity(Field spec, FieldErrors errors)
    {
        errors.OneOf(spec["sessionAffinity"], "ClientIP", "None");
        var config = spec["sessionAffinityConfig"];
        if (spec["sessionAffinity"].Text == "None" && config.Exists) errors.Forbidden(config, "must not be set when session affinity is None");
        if (spec["sessionAffinity"].Text != "ClientIP") return;
        var timeout = config["clientIP"]["timeoutSeconds"];
        if (!timeout.Exists) errors.Required(timeout, "when session affinity type is ClientIP");
        else if (timeout.Number is <= 0 or > MaxAffinitySeconds) errors.Invalid(timeout, $"must be greater than 0 and less than {MaxAffinitySeconds}");
    }

    private static void ClusterIps(Field spec, bool headless, FieldErrors errors)
    {
        var ips = spec["clusterIPs"];
        var single = spec["clusterIP"].Text;
        if (single.Length == 0 && ips.Count > 0) errors.Invalid(ips, "must be empty when `clusterIP` is not specified");
        else if (single.Length > 0 && ips.Count == 0) errors.Required(ips);
        else if (single.Length > 0 && ips.Items.First().Text != single) errors.Invalid(ips, "first value must match `clusterIP`");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var family in spec["ipFamilies"].Items)
        {
            if (family.Text is not ("IPv4" or "IPv6")) errors.NotSupported(family, ["IPv4", "IPv6"]);
            if (!seen.Add(family.Text)) errors.Duplicate(family);
        }
        var policy = spec["ipFamilyPolicy"];
        if (policy.Exists && policy.Text is not ("SingleStack" or "PreferDualStack" or "RequireDualStack"))
            errors.NotSupported(policy, ["SingleStack", "PreferDualStack", "RequireDualStack"]);
        var families = spec["ipFamilies"].Items.Select(f => f.Text).ToList();
        var index = 0;
        foreach (var ip in ips.Items)
        {
            if (index++ == 0 && ip.Text == "None")
            {
                if (ips.Count > 1) errors.Invalid(ips, "'None' must be the first and only value");
                continue;
            }
            if (!AddressValidation.TryParse(ip.Text, out var address)) errors.Invalid(ip, AddressValidation.NoAddress);
            else if (!headless && index <= families.Count && families[index - 1] != (address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4"))
                errors.Invalid(ip, string.Create(CultureInfo.InvariantCulture, $"expected an {families[index - 1]} value as indicated by `ipFamilies[{index - 1}]`"));
        }
        if (ips.Count > 2) errors.Invalid(ips, "may only hold up to 2 values");
        if (ips.Count == 2 && ips.Items.Select(i => i.Text.Contains(':')).Distinct().Count() == 1) errors.Invalid(ips, "may specify no more than one IP for each IP family");
    }

    private static void LoadBalancer(Field spec, string type, FieldErrors errors)
    {
        var ranges = spec["loadBalancerSourceRanges"];
        if (ranges.Count > 0 && type != "LoadBalancer") errors.Forbidden(ranges, "may only be used when `type` is 'LoadBalancer'");
        foreach (var range in ranges.Items)
            if (!AddressValidation.IsRange(range.Text.Trim())) errors.Invalid(range, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        foreach (var field in (ReadOnlySpan<string>)["allocateLoadBalancerNodePorts", "loadBalancerClass"])
            if (spec[field].Exists && type != "LoadBalancer") errors.Forbidden(spec[field], "may only be used when `type` is 'LoadBalancer'");
        if (spec["loadBalancerClass"].Exists) errors.Invalid(spec["loadBalancerClass"], NameFormats.QualifiedName(spec["loadBalancerClass"].Text));
    }

    private static void Traffic(Field spec, string type, FieldErrors errors)
    {
        var external = spec["externalTrafficPolicy"];
        var reachable = type is "LoadBalancer" or "NodePort" || (type == "ClusterIP" && spec["externalIPs"].Count > 0);
        if (external.Text.Length > 0)
        {
            if (!reachable) errors.Invalid(external, "may only be set for externally-accessible services");
            else errors.OneOf(external, "Cluster", "Local");
        }
        else if (type is "LoadBalancer" or "NodePort")
        {
            errors.Required(external);
        }
        var health = spec["healthCheckNodePort"];
        if (health.Number != 0 && !(type == "LoadBalancer" && external.Text == "Local"))
            errors.Invalid(health, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        else if (health.Number != 0) errors.Invalid(health, NameFormats.PortNumber(health.Number));
        var inside = spec["internalTrafficPolicy"];
        if (inside.Exists && type != "ExternalName" && inside.Text is not ("Cluster" or "Local")) errors.NotSupported(inside, ["Cluster", "Local"]);
        if (spec["trafficDistribution"].Exists && spec["trafficDistribution"].Text != "PreferClose") errors.NotSupported(spec["trafficDistribution"], ["PreferClose"]);
    }

    /// <summary>How a duplicate port shows in a message.</summary>
    private sealed record PortKey(string Protocol, long Port)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{{\"port\":{Port},\"protocol\":\"{Protocol}\"}}");
    }
}
