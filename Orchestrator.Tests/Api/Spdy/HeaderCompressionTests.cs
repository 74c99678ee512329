using Orchestrator.Api.Spdy;
using Shouldly;

namespace Orchestrator.Tests.Api.Spdy;

public sealed class HeaderCompressionTests
{
    // A control frame's header and SYN_STREAM's own fields.
    private const int BlockOffset = 18;

    [Fact]
    public void Kubectls_header_blocks_are_one_compressed_stream()
    {
        using var inflater = Zlib.Decompressor(SpdyDictionary.Bytes);
        KubectlBytes.Opens.Select(frame => HeaderBlock.Parse(inflater.Transform(frame.AsSpan(BlockOffset), HeaderBlock.MaxSize))["streamType"])
            .ShouldBe(["error", "stdin", "stdout", "stderr"]);
    }

    [Fact]
    public void A_later_block_cannot_be_read_without_those_before_it()
    {
        using var inflater = Zlib.Decompressor(SpdyDictionary.Bytes);
        Should.Throw<InvalidDataException>(() => inflater.Transform(KubectlBytes.OpenStdin.AsSpan(BlockOffset), HeaderBlock.MaxSize));
    }

    [Fact]
    public void Blocks_survive_compression_one_after_the_other()
    {
        using var deflater = Zlib.Compressor(SpdyDictionary.Bytes);
        using var inflater = Zlib.Decompressor(SpdyDictionary.Bytes);
        for (var i = 0; i < 50; i++)
        {
            var headers = new Dictionary<string, string> { ["port"] = $"{i}", ["requestID"] = new string('x', i * 100), ["streamType"] = "data" };
            var read = HeaderBlock.Parse(inflater.Transform(deflater.Transform(HeaderBlock.Format(headers), HeaderBlock.MaxSize), HeaderBlock.MaxSize));
            headers.Keys.Select(name => read[name]).ShouldBe(headers.Values);
        }
    }

    [Fact]
    public void A_block_that_inflates_beyond_the_limit_is_refused()
    {
        using var deflater = Zlib.Compressor(SpdyDictionary.Bytes);
        using var inflater = Zlib.Decompressor(SpdyDictionary.Bytes);
        var bomb = deflater.Transform(new byte[1024 * 1024], 1024 * 1024);
        bomb.Length.ShouldBeLessThan(HeaderBlock.MaxSize);
        Should.Throw<InvalidDataException>(() => inflater.Transform(bomb, HeaderBlock.MaxSize));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000001")]
    [InlineData("0000000100000002")]
    [InlineData("00000001000000FF61")]
    [InlineData("0000000200000001610000000162000000016100000001")]
    public void A_damaged_block_is_refused(string hex) => Should.Throw<InvalidDataException>(() => HeaderBlock.Parse(Convert.FromHexString(hex)));
}
