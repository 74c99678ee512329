using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of Endpoints and EndpointSlices.</summary>
internal static class EndpointValidation
{
    private const int MaxEndpoints = 1000;
    private const int MaxAddresses = 100;
    private const int MaxPorts = 20000;

    /// <summary>v1 Endpoints.</summary>
    public static void Endpoints(Field endpoints, FieldErrors errors)
    {
        foreach (var subset in endpoints["subsets"].Items)
        {
            if (subset["addresses"].Count + subset["notReadyAddresses"].Count == 0) errors.Required(subset, "must specify `addresses` or `notReadyAddresses`");
            foreach (var list in (ReadOnlySpan<string>)["addresses", "notReadyAddresses"])
                foreach (var address in subset[list].Items)
                {
                    if (address["hostname"].Text.Length > 0) errors.Invalid(address["hostname"], NameFormats.Dns1123Label(address["hostname"].Text));
                    if (address["nodeName"].Exists) errors.Invalid(address["nodeName"], NameFormats.Dns1123Subdomain(address["nodeName"].Text));
                    AddressValidation.NonSpecial(address["ip"], errors);
                }
            foreach (var port in subset["ports"].Items)
            {
                if (port["name"].Text.Length > 0) errors.Invalid(port["name"], NameFormats.Dns1123Label(port["name"].Text));
                else if (subset["ports"].Count > 1) errors.Required(port["name"]);
                errors.Invalid(port["port"], NameFormats.PortNumber(port["port"].Number));
                errors.OneOf(port["protocol"], "SCTP", "TCP", "UDP");
                AppProtocol(port["appProtocol"], errors);
            }
        }
    }

    /// <summary>discovery.k8s.io/v1 EndpointSlice.</summary>
    public static void Slice(Field slice, FieldErrors errors)
    {
        errors.OneOf(slice["addressType"], "FQDN", "IPv4", "IPv6");
        if (slice["endpoints"].Count > MaxEndpoints) errors.TooMany("endpoints", slice["endpoints"].Count, MaxEndpoints);
        foreach (var endpoint in slice["endpoints"].Items)
        {
            var addresses = endpoint["addresses"];
            if (addresses.Count == 0) errors.Required(addresses, "must contain at least 1 address");
            if (addresses.Count > MaxAddresses) errors.TooMany(addresses.Path.ToString(), addresses.Count, MaxAddresses);
            foreach (var address in addresses.Items) Address(address, slice["addressType"].Text, errors);
            if (endpoint["nodeName"].Exists) errors.Invalid(endpoint["nodeName"], NameFormats.Dns1123Subdomain(endpoint["nodeName"].Text));
            if (endpoint["hostname"].Exists) errors.Invalid(endpoint["hostname"], NameFormats.Dns1123Label(endpoint["hostname"].Text));
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (slice["ports"].Count > MaxPorts) errors.TooMany("ports", slice["ports"].Count, MaxPorts);
        foreach (var port in slice["ports"].Items)
        {
            var name = port["name"];
            if (name.Text.Length > 0) errors.Invalid(name, NameFormats.Dns1123Label(name.Text));
            if (!names.Add(name.Text)) errors.Duplicate(name);
            if (port["protocol"].Exists) errors.OneOf(port["protocol"], "SCTP", "TCP", "UDP");
            if (port["port"].Exists) errors.Invalid(port["port"], NameFormats.PortNumber(port["port"].Number));
            AppProtocol(port["appProtocol"], errors);
        }
    }

    /// <summary>A slice keeps its type of addresses.</summary>
    public static void SliceChange(Field now, Field before, FieldErrors errors) => errors.Immutable(now["addressType"], before["addressType"]);

    private static void Address(Field address, string type, FieldErrors errors)
    {
        switch (type)
        {
            case "IPv4" or "IPv6":
                if (!AddressValidation.TryParse(address.Text, out _) || address.Text.Contains(':') != (type == "IPv6")) errors.Invalid(address, $"must be a valid {type} address");
                else AddressValidation.NonSpecial(address, errors);
                break;
            case "FQDN":
                errors.Invalid(address, NameFormats.Dns1123Subdomain(address.Text));
                break;
        }
    }

    private static void AppProtocol(Field protocol, FieldErrors errors)
    {
        if (protocol.Exists) errors.Invalid(protocol, NameFormats.QualifiedName(protocol.Text));
    }
}
