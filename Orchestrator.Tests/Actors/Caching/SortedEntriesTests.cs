using Orchestrator.Actors.Caching;
using Shouldly;

namespace Orchestrator.Tests.Actors.Caching;

public sealed class SortedEntriesTests
{
    [Theory, InlineData(1), InlineData(42), InlineData(4711)]
    public void Behaves_like_a_sorted_dictionary_under_random_changes(int seed)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<(string, string), long>(Comparer<(string A, string B)>.Create((x, y) =>
            string.CompareOrdinal(x.A, y.A) is not 0 and var order ? order : string.CompareOrdinal(x.B, y.B)));
        var entries = SortedEntries.Empty;
        for (var i = 0; i < 5000; i++)
        {
            var (ns, name) = ($"ns{random.Next(4)}", $"n{random.Next(900)}");
            if (random.Next(3) == 0)
            {
                model.Remove((ns, name));
                entries = entries.Remove(ns, name);
            }
            else
            {
                model[(ns, name)] = i;
                entries = entries.Set(Entries.ConfigMap(ns, name, i));
            }
        }
        entries.Count.ShouldBe(model.Count);
        entries.Select(e => (e.Namespace, e.Name)).ShouldBe(model.Keys);
        entries.Select(e => e.ResourceVersion).ShouldBe(model.Values);
        entries.InNamespace("ns2").Select(e => e.Name).ShouldBe(model.Keys.Where(k => k.Item1 == "ns2").Select(k => k.Item2));
        var (afterNs, afterName) = model.Keys.ElementAt(model.Count / 2);
        entries.After(afterNs, afterName).Select(e => (e.Namespace, e.Name)).ShouldBe(model.Keys.Skip(model.Count / 2 + 1));
    }

    [Theory, InlineData(5), InlineData(77)]
    public void Many_changes_in_one_edit_give_what_they_give_one_by_one_and_leave_the_source_alone(int seed)
    {
        var random = new Random(seed);
        var (source, oneByOne) = (SortedEntries.Empty, SortedEntries.Empty);
        for (var round = 0; round < 40; round++)
        {
            var before = source.Select(e => (e.Name, e.ResourceVersion)).ToList();
            var editor = new SortedEntries.Editor(source);
            for (var i = 0; i < 100; i++)
            {
                var name = $"n{random.Next(1500)}";
                if (random.Next(4) == 0)
                {
                    editor.Remove("a", name);
                    oneByOne = oneByOne.Remove("a", name);
                }
                else
                {
                    var entry = Entries.ConfigMap("a", name, round * 100 + i);
                    editor.Set(entry);
                    oneByOne = oneByOne.Set(entry);
                }
            }
            var edited = editor.Close();
            source.Select(e => (e.Name, e.ResourceVersion)).ShouldBe(before);
            source = edited;
            source.Count.ShouldBe(oneByOne.Count);
            source.ShouldBe(oneByOne);
        }
    }

    [Fact]
    public void A_snapshot_does_not_change_when_the_list_does()
    {
        var before = SortedEntries.Empty.Set(Entries.ConfigMap("a", "one"));
        var after = before.Set(Entries.ConfigMap("a", "two")).Remove("a", "one");
        before.Select(e => e.Name).ShouldBe(["one"]);
        after.Select(e => e.Name).ShouldBe(["two"]);
    }

    [Fact]
    public void Paging_after_a_key_that_is_gone_goes_on_behind_its_place()
    {
        var entries = SortedEntries.Empty.Set(Entries.ConfigMap("a", "one")).Set(Entries.ConfigMap("b", "two"));
        entries.After("a", "zzz").Select(e => e.Name).ShouldBe(["two"]);
    }
}
