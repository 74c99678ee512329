using System.Globalization;
using Orchestrator.Tests.Acceptance;

namespace Orchestrator.Tests.Nemesis;

/// <summary>
/// A network of its own for a cluster under attack: a bridge, and a namespace for each member, which can be cut off from the database, from the other members and from clients, each by itself.
/// </summary>
public sealed class NemesisNetwork : IAsyncDisposable
{
    private readonly string _id = Random.Shared.Next(0x10000).ToString("x4", CultureInfo.InvariantCulture);
    private readonly int _net = Random.Shared.Next(200, 250);
    private readonly int _count;

    private NemesisNetwork(int count) => _count = count;

    /// <summary>The address of what is not a member: the database and the clients.</summary>
    public string Outside => $"10.213.{_net}.1";

    /// <summary>The network.</summary>
    public string Cidr => $"10.213.{_net}.0/24";

    private string Bridge => $"nem{_id}";

    public static async Task<NemesisNetwork> CreateAsync(int count)
    {
        var network = new NemesisNetwork(count);
        await IpAsync($"link add {network.Bridge} type bridge");
        await IpAsync($"addr add {network.Outside}/24 dev {network.Bridge}");
        await IpAsync($"link set {network.Bridge} up");
        for (var i = 0; i < count; i++)
        {
            var ns = network.Namespace(i);
            await IpAsync($"netns add {ns}");
            await IpAsync($"link add v{network._id}{i} type veth peer name eth0 netns {ns}");
            await IpAsync($"link set v{network._id}{i} master {network.Bridge} up");
            await IpAsync($"-n {ns} link set lo up");
            await IpAsync($"-n {ns} addr add {network.Address(i)}/24 dev eth0");
            await IpAsync($"-n {ns} link set eth0 up");
        }
        return network;
    }

    public string Address(int member) => string.Create(CultureInfo.InvariantCulture, $"10.213.{_net}.{11 + member}");

    public string Namespace(int member) => string.Create(CultureInfo.InvariantCulture, $"nem{_id}-{member}");

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

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < _count; i++) await IpAsync($"netns del {Namespace(i)}");
        await IpAsync($"link del {Bridge}");
    }

    private static async Task IpAsync(string arguments) => (await Shell.RunAsync("ip", arguments.Split(' '))).Ok();

    private async Task NftAsync(int member, string script)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, script + "\n");
        (await Shell.RunAsync("ip", ["netns", "exec", Namespace(member), "nft", "-f", file])).Ok();
        File.Delete(file);
    }
}
