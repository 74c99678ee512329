using System.Net;
using System.Net.Sockets;
using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>Kubernetes' <c>ip</c>, <c>cidr</c> and <c>url</c> libraries.</summary>
internal static class CelNetworkLibrary
{
    internal static readonly CelType IpType = CelType.Opaque("net.IP");
    internal static readonly CelType CidrType = CelType.Opaque("net.CIDR");
    internal static readonly CelType UrlType = CelType.Opaque("kubernetes.URL");

    internal static void AddTo(CelFunctions all)
    {
        var text = CelType.String;
        all.Add("ip", [text], IpType, a => Ip(a[0]));
        all.Add("isIP", [text], Bool, a => ParseIp((string)a[0]!) is not null);
        all.Add("ip.isCanonical", [text], Bool, a => Ip(a[0]).ToString() == (string)a[0]!);
        all.Add("string", [IpType], text, a => a[0]!.ToString());
        all.Add(".family", [IpType], Int, a => ((IpValue)a[0]!).Address.AddressFamily == AddressFamily.InterNetwork ? 4L : 6L);
        all.Add(".isUnspecified", [IpType], Bool, a => ((IpValue)a[0]!).Address is var ip && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)));
        all.Add(".isLoopback", [IpType], Bool, a => IPAddress.IsLoopback(((IpValue)a[0]!).Address));
        all.Add(".isLinkLocalMulticast", [IpType], Bool, a => ((IpValue)a[0]!).Octets is var o && (o.Length == 4 ? o is [224, 0, 0, _] : o[0] == 0xff && (o[1] & 0x0f) == 2));
        all.Add(".isLinkLocalUnicast", [IpType], Bool, a => ((IpValue)a[0]!).Octets is var o && (o.Length == 4 ? o is [169, 254, _, _] : o[0] == 0xfe && (o[1] & 0xc0) == 0x80));
        all.Add(".isGlobalUnicast", [IpType], Bool, a => IsGlobalUnicast((IpValue)a[0]!));

        all.Add("cidr", [text], CidrType, a => Cidr(a[0]));
        all.Add("isCIDR", [text], Bool, a => ParseCidr((string)a[0]!) is not null);
        all.Add("string", [CidrType], text, a => a[0]!.ToString());
        all.Add(".containsIP", [CidrType, IpType], Bool, a => ((CidrValue)a[0]!).Contains(((IpValue)a[1]!).Address));
        all.Add(".containsIP", [CidrType, text], Bool, a => ((CidrValue)a[0]!).Contains(Ip(a[1]).Address));
        all.Add(".containsCIDR", [CidrType, CidrType], Bool, a => ((CidrValue)a[0]!).Contains((CidrValue)a[1]!));
        all.Add(".containsCIDR", [CidrType, text], Bool, a => ((CidrValue)a[0]!).Contains(Cidr(a[1])));
        all.Add(".ip", [CidrType], IpType, a => new IpValue(((CidrValue)a[0]!).Address));
        all.Add(".masked", [CidrType], CidrType, a => ((CidrValue)a[0]!).Masked);
        all.Add(".prefixLength", [CidrType], Int, a => (long)((CidrValue)a[0]!).Length);

        all.Add("url", [text], UrlType, a => ParseUrl((string)a[0]!) ?? throw new CelEvaluationException($"URL parse error during conversion from string: {UrlProblem((string)a[0]!)}"));
        all.Add("isURL", [text], Bool, a => ParseUrl((string)a[0]!) is not null);
        all.Add(".getScheme", [UrlType], text, a => ((UrlValue)a[0]!).Scheme);
        all.Add(".getHost", [UrlType], text, a => ((UrlValue)a[0]!).Host);
        all.Add(".getHostname", [UrlType], text, a => ((UrlValue)a[0]!).Hostname);
        all.Add(".getPort", [UrlType], text, a => ((UrlValue)a[0]!).Port);
        all.Add(".getEscapedPath", [UrlType], text, a => ((UrlValue)a[0]!).Path);
        all.Add(".getQuery", [UrlType], CelType.Map(text, CelType.List(text)), a => ((UrlValue)a[0]!).Query());
    }

    private static IpValue Ip(object? text) => ParseIp((string)text!) is { } ip ? new IpValue(ip) : throw new CelEvaluationException($"IP Address \"{text}\" parse error during conversion from string");

    // Four decimal parts without leading zeros, or six hexadecimal ones: neither zones nor IPv4 in IPv6 clothes.
    private static IPAddress? ParseIp(string text)
    {
        if (!IPAddress.TryParse(text, out var ip) || text.Contains('%', StringComparison.Ordinal) || ip.IsIPv4MappedToIPv6) return null;
        if (ip.AddressFamily == AddressFamily.InterNetwork) return ip.ToString() == text ? ip : null;
        return text.Contains('[', StringComparison.Ordinal) ? null : ip;
    }

    private static CidrValue Cidr(object? text) => ParseCidr((string)text!) ?? throw new CelEvaluationException($"network address parse error during conversion from string: \"{text}\"");

    private static CidrValue? ParseCidr(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || ParseIp(text[..slash]) is not { } ip || !int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out var length)) return null;
        if (length > ip.GetAddressBytes().Length * 8 || (text[slash + 1] == '0' && text.Length > slash + 2)) return null;
        return new CidrValue(ip, length);
    }

    private static UrlValue? ParseUrl(string text)
    {
        if (text.StartsWith('/')) return Uri.TryCreate("http://x" + text, UriKind.Absolute, out _) ? new UrlValue("", "", text) : null;
        var end = text.IndexOf("://", StringComparison.Ordinal);
        if (end <= 0 || !Uri.CheckSchemeName(text[..end]) || !Uri.TryCreate(text, UriKind.Absolute, out _)) return null;
        var rest = text[(end + 3)..];
        var slash = rest.IndexOfAny(['/', '?', '#']);
        return new UrlValue(text[..end].ToLowerInvariant(), slash < 0 ? rest : rest[..slash], slash < 0 ? "" : rest[slash..]);
    }

    /// <summary>What is wrong with a text that is no absolute URL or path (Go's url.ParseRequestURI), or null.</summary>
    internal static string? UrlProblem(string text) => ParseUrl(text) is not null ? null : text.Length == 0 ? "parse \"\": empty url" : $"parse \"{text}\": invalid URI for request";

    private static bool IsGlobalUnicast(IpValue value)
    {
        var (ip, o) = (value.Address, value.Octets);
        if (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any) || ip.Equals(IPAddress.Broadcast) || IPAddress.IsLoopback(ip)) return false;
        return o.Length == 4 ? o[0] is < 224 or > 239 && o is not [169, 254, _, _] : o[0] != 0xff && !(o[0] == 0xfe && (o[1] & 0xc0) == 0x80);
    }

    private sealed record IpValue(IPAddress Address) : ICelSized
    {
        public CelType Type => IpType;

        public long Size => Octets.Length;

        public byte[] Octets => Address.GetAddressBytes();

        public override string ToString() => Address.ToString();
    }

    private sealed record CidrValue(IPAddress Address, int Length) : ICelSized
    {
        public CelType Type => CidrType;

        public long Size => (Length + 7) / 8;

        public CidrValue Masked
        {
            get
            {
                var octets = Address.GetAddressBytes();
                for (var bit = Length; bit < octets.Length * 8; bit++) octets[bit / 8] &= (byte)~(0x80 >> (bit % 8));
                return new CidrValue(new IPAddress(octets), Length);
            }
        }

        public bool Contains(IPAddress ip) => ip.AddressFamily == Address.AddressFamily && new CidrValue(ip, Length).Masked.Address.Equals(Masked.Address);

        public bool Contains(CidrValue other) => other.Length >= Length && Contains(other.Address);

        public override string ToString() => $"{Address}/{Length}";
    }

    private sealed record UrlValue(string Scheme, string Authority, string Rest) : ICelOpaque
    {
        public CelType Type => UrlType;

        public string Host => Authority[(Authority.LastIndexOf('@') + 1)..];

        public string Hostname => PortAt is >= 0 and var colon ? Host[..colon].Trim('[', ']') : Host.Trim('[', ']');

        public string Port => PortAt is >= 0 and var colon ? Host[(colon + 1)..] : "";

        public string Path => Rest.Split('?', '#')[0];

        private int PortAt => Host.LastIndexOf(':') is >= 0 and var colon && colon > Host.LastIndexOf(']') ? colon : -1;

        public CelDictionary Query()
        {
            var query = Rest.Split('#')[0].Split('?', 2) is [_, var after] ? after : "";
            var map = new CelDictionary();
            foreach (var group in query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)).GroupBy(p => Decoded(p[0]), StringComparer.Ordinal))
                map.Add(group.Key, new CelList([.. group.Select(p => p.Length > 1 ? Decoded(p[1]) : "")]));
            return map;
        }

        public override string ToString() => Scheme.Length == 0 ? Rest : $"{Scheme}://{Authority}{Rest}";

        private static string Decoded(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
    }
}
