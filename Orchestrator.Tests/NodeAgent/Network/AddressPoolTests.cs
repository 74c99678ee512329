using System.Net;
using Orchestrator.NodeAgent.Network;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Network;

public sealed class AddressPoolTests
{
    [Fact]
    public void The_first_address_is_the_gateways_and_the_last_is_for_broadcast()
    {
        var pool = new AddressPool("10.1.2.0/29");
        pool.Gateway.ToString().ShouldBe("10.1.2.1");
        Enumerable.Range(0, 6).Select(_ => pool.Allocate()?.ToString()).ShouldBe(["10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6", null]);
    }

    [Fact]
    public void A_returned_address_rests_until_the_others_have_had_their_turn()
    {
        var pool = new AddressPool("10.1.2.0/29");
        var first = pool.Allocate()!;
        pool.Release(first);
        Enumerable.Range(0, 5).Select(_ => pool.Allocate()!.ToString()).ShouldBe(["10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6", "10.1.2.2"]);
    }

    [Fact]
    public void A_reserved_address_is_never_handed_out()
    {
        var pool = new AddressPool("10.1.2.0/29");
        pool.Reserve(IPAddress.Parse("10.1.2.4")).ShouldBeTrue();
        pool.Reserve(IPAddress.Parse("10.1.2.4")).ShouldBeFalse();
        pool.Reserve(IPAddress.Parse("192.168.0.1")).ShouldBeTrue("an address of an earlier pod CIDR is nobody's here");
        Enumerable.Range(0, 5).Select(_ => pool.Allocate()?.ToString()).ShouldNotContain("10.1.2.4");
    }

    [Theory]
    [InlineData("10.1.2.0/31")]
    [InlineData("fd00::/64")]
    [InlineData("nonsense")]
    public void A_range_without_room_or_sense_is_refused(string cidr) => Should.Throw<ArgumentException>(() => new AddressPool(cidr)).Message.ShouldContain(cidr);
}
