using Orchestrator.Resources.Selectors;
using Shouldly;

namespace Orchestrator.Tests.Resources.Selectors;

public sealed class FieldSelectorTests
{
    private static readonly Dictionary<string, string> Pod = new() { ["metadata.name"] = "web", ["spec.nodeName"] = "", ["status.phase"] = "Running" };

    [Theory]
    [InlineData("", true)]
    [InlineData("metadata.name=web", true)]
    [InlineData("metadata.name==web", true)]
    [InlineData("metadata.name!=web", false)]
    [InlineData("spec.nodeName=", true)]
    [InlineData("spec.nodeName!=", false)]
    [InlineData("metadata.name=web,status.phase!=Running", false)]
    [InlineData(",metadata.name=web,", true)]
    public void A_selector_matches_fields(string selector, bool expected) => FieldSelector.Parse(selector).Matches(Pod).ShouldBe(expected);

    [Theory]
    [InlineData("name", "invalid selector: 'name'; can't understand 'name'")]
    [InlineData("a=b=c", "invalid field selector: unescaped character in value: 61")]
    [InlineData("a=b\\c", "invalid field selector: invalid escape sequence: \\c")]
    [InlineData("a=b\\", "invalid field selector: invalid escape sequence: \\")]
    public void A_malformed_selector_is_refused_in_kubernetes_words(string selector, string complaint) =>
        Should.Throw<FormatException>(() => FieldSelector.Parse(selector)).Message.ShouldBe(complaint);

    [Fact]
    public void Escaped_values_survive_a_round_trip()
    {
        var selector = FieldSelector.Parse(@"a=x\,y\=z\\");

        selector.RequiresExactMatch("a").ShouldBe(@"x,y=z\");
        selector.ToString().ShouldBe(@"a=x\,y\=z\\");
    }

    [Fact]
    public void Fields_a_kind_does_not_offer_are_found() =>
        FieldSelector.Parse("metadata.name=a,spec.color=b").FindUnsupported(Pod.Keys.ToHashSet()).ShouldBe("spec.color");
}
