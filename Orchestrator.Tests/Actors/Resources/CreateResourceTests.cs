using System.Text.Json.Nodes;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Writing;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Resources;

public sealed class CreateResourceTests
{
    private static readonly ResourceKey First = new("pods", "default", "web-1");
    private static readonly ResourceKey Second = new("pods", "default", "web-2");

    private readonly CreateResource _pattern = new(First, "v1", WriteContext.System("test"), JsonNode.Parse("""{"metadata":{"name":"web-1","labels":{"app":"web"}},"spec":{"priority":1} }""")!.AsObject());

    [Fact]
    public void A_copy_has_its_own_name_and_an_object_of_its_own()
    {
        var copy = _pattern.As(Second);
        copy.Key.ShouldBe(Second);
        copy.Object.ToJsonString().ShouldBe("""{"metadata":{"name":"web-2","labels":{"app":"web"}},"spec":{"priority":1}}""");
        copy.Object["spec"]!["priority"] = 2;
        copy.Object["spec"]!["priority"]!.GetValue<int>().ShouldBe(2);
        _pattern.Object.ToJsonString().ShouldBe("""{"metadata":{"name":"web-1","labels":{"app":"web"}},"spec":{"priority":1}}""");
        _pattern.As(First).Object.ShouldNotBeSameAs(_pattern.Object);
    }

    [Fact]
    public void A_copy_of_a_copy_is_one_too()
    {
        _pattern.As(Second).As(First).Object.ToJsonString().ShouldBe(_pattern.Object.ToJsonString());
        (_pattern.As(Second) with { ApiVersion = "v2" }).Object["metadata"]!["name"]!.GetValue<string>().ShouldBe("web-2");
    }

    [Fact]
    public void Many_may_be_made_of_one_at_the_same_time() => Parallel.For(0, 2_000, i =>
    {
        var name = $"web-{i}";
        var copy = _pattern.As(new ResourceKey("pods", "default", name)).Object;
        copy["metadata"]!["name"]!.GetValue<string>().ShouldBe(name);
        copy["metadata"]!["labels"]!["app"]!.GetValue<string>().ShouldBe("web");
    });
}
