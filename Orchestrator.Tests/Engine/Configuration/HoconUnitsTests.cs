using Orchestrator.Engine.Configuration;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Configuration;

public sealed class HoconUnitsTests
{
    [Theory]
    [InlineData("10s", 10_000)]
    [InlineData("10 s", 10_000)]
    [InlineData("500ms", 500)]
    [InlineData("500", 500)]
    [InlineData("1.5 minutes", 90_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("1 day", 86_400_000)]
    [InlineData("0", 0)]
    [InlineData("1000us", 1)]
    [InlineData("infinite", -1)]
    [InlineData("off", -1)]
    public void Durations(string text, double milliseconds)
    {
        HoconUnits.TryParseDuration(text, out var duration).ShouldBeTrue();
        duration.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("512", 512)]
    [InlineData("128 KiB", 131_072)]
    [InlineData("3MiB", 3_145_728)]
    [InlineData("1k", 1024)]
    [InlineData("1kB", 1000)]
    [InlineData("1.5 MB", 1_500_000)]
    [InlineData("2G", 2_147_483_648)]
    [InlineData("7 bytes", 7)]
    public void Sizes(string text, long bytes)
    {
        HoconUnits.TryParseSize(text, out var size).ShouldBeTrue();
        size.ShouldBe(bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("ten s")]
    [InlineData("-5s")]
    [InlineData("5 parsecs")]
    [InlineData("5s5s")]
    [InlineData("1e3s")]
    [InlineData("99999999999999999999999999999999d")]
    [InlineData("9999999999999d")]
    public void What_is_no_duration_is_refused(string text) => HoconUnits.TryParseDuration(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("5 XB")]
    [InlineData("99999999999 TiB")]
    public void What_is_no_size_is_refused(string text) => HoconUnits.TryParseSize(text, out _).ShouldBeFalse();
}
