using System.Net;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of IP addresses and ranges.</summary>
internal static class AddressValidation
{
    /// <summary>What upstream says of a string that is no address.</summary>
    public const string NoAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

    /// <summary>Reads an address; unlike the platform's parser, four decimal numbers it must be, or a colon form.</summary>
    public static bool TryParse(string text, out IPAddress address)
    {
        address = IPAddress.None;
        if (!IPAddress.TryParse(text, out var parsed) || (!text.Contains(':') && text.Count(c => c == '.') != 3)) return false;
        address = parsed;
        return true;
    }

    /// <summary>An address that can serve: neither unspecified, loopback nor link-local.</summary>
    public static void NonSpecial(Field ip, FieldErrors errors)
    {
        if (!TryParse(ip.Text, out var address))
        {
            errors.Invalid(ip, NoAddress);
            return;
        }
        var bytes = address.GetAddressBytes();
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) errors.Invalid(ip, $"may not be unspecified ({ip.Text})");
        if (IPAddress.IsLoopback(address)) errors.Invalid(ip, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        if (address.IsIPv6LinkLocal || (bytes is [169, 254, _, _])) errors.Invalid(ip, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
        if (bytes is [224, 0, 0, _] || (address.IsIPv6Multicast && (bytes[1] & 0x0f) == 2)) errors.Invalid(ip, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }

    /// <summary>A range in prefix notation.</summary>
    public static bool IsRange(string text)
    {
        var slash = text.IndexOf('/');
        return slash > 0 && TryParse(text[..slash], out var address) && int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out var bits)
            && bits <= (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? 128 : 32);
    }
}
