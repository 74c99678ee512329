using Orchestrator.Api.Negotiation;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Negotiation;

public sealed class MediaRangeTests
{
    [Theory]
    [InlineData("a/x,b/x", "a/x b/x")]
    [InlineData("a/x;q=0.5,b/x;q=0.9,c/x", "c/x b/x a/x")]
    [InlineData("a/x;q=0,b/x;q=0.1", "b/x a/x")]
    [InlineData("a/x;q=high,b/x;q=0.1", "b/x a/x")]
    [InlineData("*/*,a/x;q=0.1", "a/x */*")]
    [InlineData("a/*,a/x", "a/x a/*")]
    [InlineData("*/*,a/*", "a/* */*")]
    [InlineData("a/x;q=0.1,*/*", "*/* a/x")]
    [InlineData("*, A/X", "a/x */*")]
    [InlineData("a,a/b/c,,b/x", "b/x")]
    public void Entries_are_in_the_order_of_goautoneg(string accept, string order) => string.Join(' ', MediaRange.Parse(accept).Select(r => r.Type)).ShouldBe(order);
}
