using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Orchestrator.Engine.Actor;

/// <summary>
/// Names an actor system (Akka.NET's <c>Address</c>): <c>akka://orchestrator</c> within its own process, <c>akka.tls://orchestrator@10.0.0.1:2552</c>
/// where others can dial it, and <c>akka.tls://agent@worker-1</c>, without a port, where it only dials out: such a system is reached over the
/// connection that it opened.
/// </summary>
public sealed class Address : IEquatable<Address>
{
    /// <summary>Protocol of addresses within the own process.</summary>
    public const string LocalProtocol = "akka";

    /// <summary>Protocol of systems that other processes reach.</summary>
    public const string RemoteProtocol = "akka.tls";

    private readonly string _text;

    private Address(string system, string? host, int? port)
    {
        System = system;
        Host = host;
        Port = port;
        Authority = host is null ? system : port is { } number ? string.Create(CultureInfo.InvariantCulture, $"{system}@{host}:{number}") : $"{system}@{host}";
        _text = $"{Protocol}://{Authority}";
    }

    /// <summary><see cref="LocalProtocol"/> or <see cref="RemoteProtocol"/>.</summary>
    public string Protocol => Host is null ? LocalProtocol : RemoteProtocol;

    /// <summary>Name of the system.</summary>
    public string System { get; }

    /// <summary>Host name or address (an IPv6 address in brackets); null for a local address.</summary>
    public string? Host { get; }

    /// <summary>Port; null where nobody can dial it.</summary>
    public int? Port { get; }

    /// <summary>Whether it means the same in every process.</summary>
    public bool HasGlobalScope => Host is not null;

    /// <summary>Whether a connection can be opened to it.</summary>
    public bool CanBeDialled => Port is not null;

    /// <summary>The text after the protocol.</summary>
    internal string Authority { get; }

    /// <summary>The address of a system within its own process.</summary>
    public static Address Local(string system) => new(system, null, null);

    /// <summary>The address that others use. An IPv6 host gets its brackets where they are missing.</summary>
    public static Address Remote(string system, string host, int? port)
    {
        if (!ActorPath.IsValidName(system) || system.Contains('@', StringComparison.Ordinal))
            throw new ArgumentException($"\"{system}\" is no valid system name.", nameof(system));
        if (host.Contains(':', StringComparison.Ordinal) && host[0] != '[')
            host = $"[{host}]";
        if (host.Length == 0 || host.AsSpan().ContainsAny("/@# "))
            throw new ArgumentException($"\"{host}\" is no valid host.", nameof(host));
        return new Address(system, host, port);
    }

    /// <summary>Reads the text form. Throws <see cref="FormatException"/>.</summary>
    public static Address Parse(string text) => TryParse(text, out var address) ? address : throw new FormatException($"\"{text}\" is no address of an actor system.");

    /// <summary>Reads the text form; false where it is none.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Address? address)
    {
        address = null;
        if (text is null)
            return false;
        if (text.StartsWith(LocalProtocol + "://", StringComparison.Ordinal))
        {
            var system = text[(LocalProtocol.Length + 3)..];
            if (ActorPath.IsValidName(system) && !system.Contains('@', StringComparison.Ordinal))
                address = Local(system);
            return address is not null;
        }

        if (!text.StartsWith(RemoteProtocol + "://", StringComparison.Ordinal))
            return false;
        var authority = text[(RemoteProtocol.Length + 3)..];
        var at = authority.IndexOf('@', StringComparison.Ordinal);
        if (at <= 0 || !ActorPath.IsValidName(authority[..at]) || at == authority.Length - 1)
            return false;
        var host = authority[(at + 1)..];
        int? port = null;
        var colon = host.LastIndexOf(':');
        if (colon > host.LastIndexOf(']'))
        {
            if (!int.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535)
                return false;
            port = number;
            host = host[..colon];
        }

        if (host.Length == 0 || host.AsSpan().ContainsAny("/@# "))
            return false;
        address = new Address(authority[..at], host, port);
        return true;
    }

    /// <summary>Equal by text.</summary>
    public static bool operator ==(Address? one, Address? other) => one is null ? other is null : one.Equals(other);

    /// <summary>Different by text.</summary>
    public static bool operator !=(Address? one, Address? other) => !(one == other);

    /// <inheritdoc/>
    public override string ToString() => _text;

    /// <inheritdoc/>
    public bool Equals(Address? other) => other is not null && string.Equals(_text, other._text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Address);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);
}
