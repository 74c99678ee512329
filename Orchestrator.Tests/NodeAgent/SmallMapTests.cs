using FsCheck;
using FsCheck.Fluent;
using Orchestrator.NodeAgent;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent;

public sealed class SmallMapTests
{
    [Fact]
    public void It_holds_what_a_dictionary_holds() => Check.QuickThrowOnFailure(Prop.ForAll<(byte Name, bool Remove, int Value)[]>(HoldsWhatADictionaryHolds));

    private static void HoldsWhatADictionaryHolds((byte Name, bool Remove, int Value)[] changes)
    {
        var (map, model) = (new SmallMap<int>(), new Dictionary<string, int>());
        foreach (var (name, remove, value) in changes)
        {
            var key = $"key-{name % 5}";
            if (remove) map.Remove(key, out var was).ShouldBe(model.Remove(key, out var expected) && was == expected);
            else map[key] = model[key] = value;
            map.Count.ShouldBe(model.Count);
            map.OrderBy(e => e.Key).ShouldBe(model.OrderBy(e => e.Key));
            map.ContainsKey(key).ShouldBe(model.ContainsKey(key));
            map.TryGetValue(key, out var found).ShouldBe(model.TryGetValue(key, out var held));
            found.ShouldBe(held);
        }
        map.Keys.Order().ShouldBe(model.Keys.Order());
        map.Values.Order().ShouldBe(model.Values.Order());
    }

    [Fact]
    public void An_enumeration_goes_on_over_what_there_was()
    {
        var map = new SmallMap<int>([("a", 1), ("b", 2)]);
        var seen = new List<string>();
        foreach (var (name, _) in map)
        {
            seen.Add(name);
            map.Remove(name);
            map["c"] = 3;
        }
        seen.ShouldBe(["a", "b"]);
        map.Keys.ShouldBe(["c"]);
    }

    [Fact]
    public void What_is_not_there_is_named() => Should.Throw<KeyNotFoundException>(() => new SmallMap<int>()["main"]).Message.ShouldContain("main");
}
