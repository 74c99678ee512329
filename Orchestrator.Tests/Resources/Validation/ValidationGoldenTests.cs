using Shouldly;

namespace Orchestrator.Tests.Resources.Validation;

public sealed class ValidationGoldenTests
{
    private static readonly Dictionary<string, ValidationCase> Known = ValidationCase.All.ToDictionary(c => c.Name, StringComparer.Ordinal);

    public static TheoryData<string> Cases() => [.. Known.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_object_is_refused_for_exactly_the_reasons_of_its_golden_case(string name)
    {
        var one = Known[name];

        var found = one.Run();

        found.Order(StringComparer.Ordinal).ShouldBe(one.Expected.Order(StringComparer.Ordinal));
    }
}
