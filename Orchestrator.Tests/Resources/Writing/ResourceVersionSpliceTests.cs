using System.Text;
using Orchestrator.Resources.Writing;
using Shouldly;

namespace Orchestrator.Tests.Resources.Writing;

public sealed class ResourceVersionSpliceTests
{
    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{}}""", """{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"42","name":"a"},"spec":{}}""")]
    [InlineData("""{"metadata":{}}""", """{"metadata":{"resourceVersion":"42"}}""")]
    public void Inserting_and_removing_are_each_others_opposite(string stored, string served)
    {
        var bytes = ResourceVersionSplice.Insert(Encoding.UTF8.GetBytes(stored), 42);
        Encoding.UTF8.GetString(bytes).ShouldBe(served);
        Encoding.UTF8.GetString(ResourceVersionSplice.Remove(bytes)).ShouldBe(stored);
    }

    [Theory, InlineData("-1"), InlineData("x"), InlineData("1.5"), InlineData("99999999999999999999")]
    public void A_version_that_is_no_number_is_refused(string text) => Should.Throw<FormatException>(() => ResourceVersionSplice.Parse(text));

    [Fact]
    public void No_version_is_null() => ResourceVersionSplice.Parse("").ShouldBeNull();
}
