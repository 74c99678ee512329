using Orchestrator.Resources.Quantities;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Quantities;

public class QuantityTests
{
    [Theory]
    [InlineData("0Mi", "0"), InlineData("1024Mi", "1Gi"), InlineData("307200Ki", "300Mi"), InlineData("6Ki", "6Ki"), InlineData("1025024Mi", "1001Gi")]
    [InlineData("5000m", "5"), InlineData("0.5", "500m"), InlineData("1000M", "1G"), InlineData("0.001T", "1G"), InlineData("1000u", "1m"), InlineData("1.08", "1080m")]
    [InlineData("1080000000n", "1080m"), InlineData("1234567M", "1234567M"), InlineData(".001e12", "1e9"), InlineData("0.001e0", "1e-3"), InlineData("80e-3", "80e-3")]
    [InlineData("50k", "50k"), InlineData("100.035k", "100035"), InlineData("3.001n", "4n"), InlineData("0.9n", "1n"), InlineData("0.5Mi", "512Ki"), InlineData("0.05Gi", "53687091200m")]
    [InlineData("9223372036854775807Ki", "9223372036854775807"), InlineData("0.000000000001Ki", "2n"), InlineData("1.G", "1G"), InlineData("-1.5Gi", "-1536Mi"), InlineData("+5", "5"), InlineData("100Ki", "100Ki")]
    [InlineData("1E6", "1e6"), InlineData("1.3E+6", "1300e3"), InlineData("12E", "12E")]
    public void The_canonical_form_is_upstreams(string given, string canonical) => Quantity.Parse(given).ToString().ShouldBe(canonical);

    [Theory]
    [InlineData("1", 1, 1000), InlineData("500m", 1, 500), InlineData("1.5Gi", 1610612736, 1610612736000), InlineData("-500m", -1, -500), InlineData("100u", 1, 1), InlineData("2", 2, 2000)]
    public void Values_round_away_from_zero(string given, long value, long milli)
    {
        Quantity.Parse(given).Value.ShouldBe(value);
        Quantity.Parse(given).MilliValue.ShouldBe(milli);
    }

    [Theory]
    [InlineData(""), InlineData("1.1.M"), InlineData("1+1.0M"), InlineData("0.1mi"), InlineData("0.1am"), InlineData("aoeu"), InlineData(".5i"), InlineData("1i"), InlineData("-3.01i"), InlineData("1e"), InlineData("-"), InlineData("Mi"), InlineData(" 1")]
    public void What_is_no_quantity_is_refused(string text)
    {
        Quantity.TryParse(text, out _).ShouldBeFalse();
        Should.Throw<FormatException>(() => Quantity.Parse(text));
    }

    [Fact]
    public void A_sum_keeps_the_form_of_its_left_side_unless_that_is_zero()
    {
        (Quantity.Parse("1Gi") + Quantity.Parse("1024")).ToString().ShouldBe("1048577Ki");
        (Quantity.Zero + Quantity.Parse("1Gi")).ToString().ShouldBe("1Gi");
        (Quantity.Parse("1") - Quantity.Parse("250m")).ToString().ShouldBe("750m");
        (Quantity.Parse("1000m") == Quantity.Parse("1")).ShouldBeTrue();
    }
}
