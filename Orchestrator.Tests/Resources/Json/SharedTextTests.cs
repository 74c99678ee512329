using System.Text;
using System.Text.Json;
using Orchestrator.Resources.Json;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Json;

public sealed class SharedTextTests
{
    // A table of our own: other tests read texts into the shared one at the same time.
    private readonly string?[] _table = new string?[SharedText.Slots];

    [Theory]
    [InlineData("IfNotPresent")]
    [InlineData("TCP")]
    [InlineData("a")]
    [InlineData("registry.example.com/team/web:1.27")]
    public void A_text_that_is_read_again_is_the_same_string(string text) => Read(Quoted(text)).ShouldBeSameAs(Read(Quoted(text)));

    [Fact]
    public void What_is_read_is_what_is_written_there_whatever_was_read_before()
    {
        // More texts than there are places, of few letters, so that they meet in the table; and what is no plain ASCII, escaped, long or empty.
        var random = new Random(7);
        string[] others = ["", "é", "日本", "a\"b", "tab\t", "nul\0", new string('x', 64), new string('x', 65), new string('x', 4_000), "\U0001F600"];
        for (var i = 0; i < 50_000; i++)
        {
            var text = random.Next(20) == 0 ? others[random.Next(others.Length)] : string.Create(random.Next(1, 20), random, static (span, r) => { foreach (ref var c in span) c = (char)('a' + r.Next(3)); });
            Read(Quoted(text)).ShouldBe(text);
        }
    }

    [Fact]
    public void Null_is_null_and_other_tokens_are_refused()
    {
        Read("null"u8.ToArray()).ShouldBeNull();
        Should.Throw<InvalidOperationException>(() => Read("12"u8.ToArray()));
        Should.Throw<InvalidOperationException>(() => Read("true"u8.ToArray()));
    }

    private static byte[] Quoted(string text) => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(text));

    private string? Read(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return SharedText.Read(ref reader, _table);
    }
}
