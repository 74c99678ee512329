using System.Globalization;
using System.Text;

namespace Orchestrator.Engine.Actor;

/// <summary>
/// The position of an actor in the tree, e.g. <c>akka://orchestrator/user/resources/7/pods%2Fdefault%2Fweb-0</c>. Immutable; shares its parent.
/// </summary>
public sealed class ActorPath : IEquatable<ActorPath>
{
    private const string Symbols = "-_.*$+:@&=,!~';()%";

    private readonly Address? _address;

    private ActorPath(ActorPath? parent, string name, long uid, Address? address = null)
    {
        _address = address;
        Parent = parent;
        Name = name;
        Uid = uid;
    }

    /// <summary>The parent; null for the root.</summary>
    public ActorPath? Parent { get; }

    /// <summary>The last element; for the root the system's name, or its whole authority where it is another process.</summary>
    public string Name { get; }

    /// <summary>Tells incarnations under one name apart; 0 where it is not known.</summary>
    public long Uid { get; }

    /// <summary>The system the actor lives in.</summary>
    public Address Address
    {
        get
        {
            var root = this;
            while (root.Parent is not null)
                root = root.Parent;
            return root._address!;
        }
    }

    /// <summary>Root of this process's system called <paramref name="system"/>.</summary>
    public static ActorPath Root(string system) => Root(Address.Local(system));

    /// <summary>Root of a system.</summary>
    public static ActorPath Root(Address address) => new(null, address.Authority, 0, address);

    /// <summary>The path of a child.</summary>
    public ActorPath Child(string name, long uid = 0) => new(this, name, uid);

    /// <summary>Whether <paramref name="name"/> may name an actor: URI path characters, not empty, not starting with <c>$</c>.</summary>
    public static bool IsValidName(string name)
    {
        if (name.Length == 0 || name[0] == '$')
            return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !Symbols.Contains(c))
                return false;
        }

        return true;
    }

    /// <summary>The path without system, e.g. <c>/user/a</c>.</summary>
    public string ToStringWithoutAddress()
    {
        if (Parent is null)
            return "/";
        var text = new StringBuilder();
        Append(text);
        return text.ToString();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}{ToStringWithoutAddress()}";

    /// <summary>The path within its system with the uid behind it, where that is known: <c>/user/a#17</c>. It names one incarnation.</summary>
    internal string ToWireForm() => Uid == 0 ? ToStringWithoutAddress() : string.Create(CultureInfo.InvariantCulture, $"{ToStringWithoutAddress()}#{Uid}");

    /// <summary>Same place in the tree; the uid does not count (as in Akka).</summary>
    public bool Equals(ActorPath? other)
    {
        var mine = this;
        while (other is not null && mine is not null)
        {
            if (ReferenceEquals(mine, other))
                return true;
            if (!string.Equals(mine.Name, other.Name, StringComparison.Ordinal))
                return false;
            mine = mine.Parent;
            other = other.Parent;
        }

        return mine is null && other is null;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ActorPath);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Parent?.Name);

    private void Append(StringBuilder text)
    {
        if (Parent is null)
            return;
        Parent.Append(text);
        text.Append('/').Append(Name);
    }
}
