using System.Text.Json.Nodes;
using Orchestrator.Resources.Selectors;
using Shouldly;

namespace Orchestrator.Tests.Resources.Selectors;

public sealed class LabelSelectorTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("app=web", "app=web", true)]
    [InlineData("app==web", "app=web", true)]
    [InlineData("app=web", "app=api", false)]
    [InlineData("app=web", "", false)]
    [InlineData("app=", "app=", true)]
    [InlineData("app!=web", "app=api", true)]
    [InlineData("app!=web", "", true)]
    [InlineData("app!=web", "app=web", false)]
    [InlineData("app in (web, api)", "app=api", true)]
    [InlineData("app in (web,api)", "app=db", false)]
    [InlineData("app in ()", "app=", true)]
    [InlineData("app notin (web,api)", "app=db", true)]
    [InlineData("app notin (web,api)", "", true)]
    [InlineData("app notin (web,api)", "app=web", false)]
    [InlineData("app", "app=web", true)]
    [InlineData("app", "tier=web", false)]
    [InlineData("!app", "tier=web", true)]
    [InlineData("!app", "app=web", false)]
    [InlineData("n>5", "n=6", true)]
    [InlineData("n>5", "n=5", false)]
    [InlineData("n<5", "n=-1", true)]
    [InlineData("n<5", "n=x", false)]
    [InlineData(" app = web , tier ", "app=web,tier=x", true)]
    [InlineData("app=in,x in (in,notin)", "app=in,x=notin", true)]
    [InlineData("example.com/app=web", "example.com/app=web", true)]
    public void A_selector_matches_as_kubernetes_has_it(string selector, string labels, bool expected)
    {
        var parsed = LabelSelector.Parse(selector);
        var map = Labels(labels);

        parsed.Matches(map).ShouldBe(expected);
        parsed.Matches(new JsonObject(map.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)))).ShouldBe(expected);
    }

    [Theory]
    [InlineData("x=", "x=")]
    [InlineData("z,a=b", "a=b,z")]
    [InlineData("a in (c,b,b)", "a in (b,c)")]
    [InlineData("a notin (c)", "a notin (c)")]
    [InlineData("!a,b>1,c<2,d==e,f!=g", "!a,b>1,c<2,d==e,f!=g")]
    public void A_selector_is_written_in_its_canonical_form(string selector, string canonical)
    {
        LabelSelector.Parse(selector).ToString().ShouldBe(canonical);
        LabelSelector.Parse(canonical).ToString().ShouldBe(canonical);
    }

    [Theory]
    [InlineData("a=b=c", "found '=', expected: ',' or 'end of string'")]
    [InlineData("a,", "found '', expected: identifier after ','")]
    [InlineData(",a", "found ',', expected: !, identifier, or 'end of string'")]
    [InlineData("a in b", "unable to parse requirement: found 'b' expected: '('")]
    [InlineData("a in (b", "unable to parse requirement: found '', expected: ',' or ')'")]
    [InlineData("a like b", "unable to parse requirement: found 'like', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("!a=b", "found '=', expected: ',' or 'end of string'")]
    [InlineData("n>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer")]
    [InlineData("a=(", "unable to parse requirement: found '(', expected: identifier")]
    [InlineData("-a", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    [InlineData("a=b c", "found 'c', expected: ',' or 'end of string'")]
    public void A_malformed_selector_is_refused_in_kubernetes_words(string selector, string complaint) =>
        Should.Throw<FormatException>(() => LabelSelector.Parse(selector)).Message.ShouldBe(complaint);

    [Fact]
    public void An_absent_selector_selects_nothing_and_an_empty_one_everything()
    {
        LabelSelector.FromJson(null).Matches(Labels("a=b")).ShouldBeFalse();
        LabelSelector.FromJson(null).IsEmpty.ShouldBeFalse();
        LabelSelector.FromJson(new JsonObject()).Matches(Labels("a=b")).ShouldBeTrue();
        LabelSelector.FromJson(new JsonObject()).IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void A_typed_selector_compiles_to_the_same_terms()
    {
        var selector = LabelSelector.FromJson(JsonNode.Parse("""{"matchLabels":{"b":"1"},"matchExpressions":[{"key":"a","operator":"NotIn","values":["y","x"]},{"key":"c","operator":"Exists"}]}"""));

        selector.ToString().ShouldBe("a notin (x,y),b=1,c");
        selector.RequiresExactMatch("b").ShouldBe("1");
        selector.RequiresExactMatch("a").ShouldBeNull();
    }

    [Fact]
    public void Matching_allocates_nothing()
    {
        var selector = LabelSelector.Parse("app=web,tier in (a,b),!gone,n>1");
        var labels = Labels("app=web,tier=b,n=2");
        selector.Matches(labels).ShouldBeTrue();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) selector.Matches(labels);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static Dictionary<string, string> Labels(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
}
