using System.Globalization;
using Orchestrator.Tests.Acceptance;

namespace Orchestrator.Tests.Nemesis;

/// <summary>
/// A network of its own for a cluster under attack: a bridge in a namespace, and one for each member, which can be cut off from the database, from the other members and from clients, each by itself.
/// </summary>
public sealed class NemesisNetwork(int count) : IAsyncDisposable
{
    private readonly string _id = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
    private const string Prefix = "nem";

    private readonly int _net = Random.Shared.Next(200, 250);

    /// <summary>The address of what is not a member: the database and the clients.</summary>
    public string Outside => $"10.213.{_net}.1";

    /// <summary>The network.</summary>
    public string Cidr => $"10.213.{_net}.0/24";

    private string Switch => $"{Prefix}{_id}-switch";

    /// <summary>
    /// Makes it. The bridge has a namespace of its own: on the machine's, the rules of a Docker daemon would keep the members' packets from each other. What an earlier test process
    /// left behind because it was killed goes first: a name holds the id of the process that made it.
    /// </summary>
    public async Task CreateAsync()
    {
        foreach (var id in (await NamespacesAsync()).Select(name => name[Prefix.Length..name.LastIndexOf('-')]).Distinct().Where(id => !Directory.Exists($"/proc/{id}"))) await RemoveAsync(id);
        await IpAsync($"netns add {Switch}");
        await IpAsync($"-n {Switch} link add bridge type bridge");
        await IpAsync($"-n {Switch} link set bridge up");
        await IpAsync($"link add {Prefix}{_id} type veth peer name outside netns {Switch}");
        await IpAsync($"-n {Switch} link set outside master bridge up");
        await IpAsync($"addr add {Outside}/24 dev {Prefix}{_id}");
        await IpAsync($"link set {Prefix}{_id} up");
        for (var i = 0; i < count; i++)
        {
            var ns = Namespace(i);
            await IpAsync($"netns add {ns}");
            await IpAsync($"-n {ns} link add eth0 type veth peer name member{i} netns {Switch}");
            await IpAsync($"-n {Switch} link set member{i} master bridge up");
            await IpAsync($"-n {ns} link set lo up");
            await IpAsync($"-n {ns} addr add {Address(i)}/24 dev eth0");
            await IpAsync($"-n {ns} link set eth0 up");
        }
    }

    public string Address(int member) => string.Create(CultureInfo.InvariantCulture, $"10.213.{_net}.{11 + member}");

    public string Namespace(int member) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{_id}-{member}");

    /// <summary>Packets between the member and those peers vanish, in both directions, until <see cref="HealAsync"/>.</summary>
    /// <param name="member">Who is cut off.</param>
    /// <param name="peers">Conditions on the far side, in nft's words with <c>{0}</c> for saddr or daddr and <c>{1}</c> for sport or dport of the far end.</param>
    public async Task CutAsync(int member, params IReadOnlyList<string> peers)
    {
        var rules = string.Join('\n', peers.SelectMany(p => (string[])[
            $"add rule inet nemesis out {string.Format(CultureInfo.InvariantCulture, p, "daddr", "dport")} drop",
            $"add rule inet nemesis in {string.Format(CultureInfo.InvariantCulture, p, "saddr", "sport")} drop"]));
        await NftAsync(member, "add table inet nemesis\nadd chain inet nemesis out { type filter hook output priority 0; }\nadd chain inet nemesis in { type filter hook input priority 0; }\n" + rules);
    }

    public Task HealAsync(int member) => NftAsync(member, "add table inet nemesis\ndelete table inet nemesis");

    /// <summary>Removes what was made of it; with a namespace go its rules and its ends of links, and with one end goes the other.</summary>
    public async ValueTask DisposeAsync() => await RemoveAsync(_id);

    private static async Task RemoveAsync(string id)
    {
        foreach (var name in (await NamespacesAsync()).Where(name => name.StartsWith($"{Prefix}{id}-", StringComparison.Ordinal)))
        {
            foreach (var process in (await IpAsync($"netns pids {name}")).Split('\n', StringSplitOptions.RemoveEmptyEntries)) await Shell.RunAsync("kill", ["-9", process]);
            await IpAsync($"netns del {name}");
        }
    }

    private static async Task<IReadOnlyList<string>> NamespacesAsync() =>
        [.. (await IpAsync("netns list")).Split('\n').Select(line => line.Split(' ')[0]).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))];

    private static async Task<string> IpAsync(string arguments) => (await Shell.RunAsync("ip", arguments.Split(' '))).Ok();

    private async Task NftAsync(int member, string script)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, script + "\n");
        try
        {
            (await Shell.RunAsync("ip", ["netns", "exec", Namespace(member), "nft", "-f", file])).Ok();
        }
        finally
        {
            File.Delete(file);
        }
    }
}
