using Orchestrator.Api.Spdy;
using Shouldly;

namespace Orchestrator.Tests.Api.Spdy;

public sealed class SpdyFrameTests
{
    [Theory]
    [InlineData("8003000100000029", SpdyFrameType.SynStream, 0, 0, 41)]
    [InlineData("8003000201000010", SpdyFrameType.SynReply, 0, 1, 16)]
    [InlineData("8003000600000004", SpdyFrameType.Ping, 0, 0, 4)]
    [InlineData("0000000300000006", SpdyFrameType.Data, 3, 0, 6)]
    [InlineData("0000000301000000", SpdyFrameType.Data, 3, 1, 0)]
    [InlineData("7FFFFFFF01FFFFFF", SpdyFrameType.Data, int.MaxValue, 1, 0xFFFFFF)]
    internal void Header_is_read_and_written_back(string hex, SpdyFrameType type, int stream, byte flags, int length)
    {
        var header = SpdyFrameHeader.Parse(Convert.FromHexString(hex));
        header.ShouldBe(new SpdyFrameHeader(type, stream, flags, length));
        var written = new byte[SpdyFrameHeader.Size];
        header.Write(written);
        Convert.ToHexString(written).ShouldBe(hex);
    }

    [Fact]
    public void Control_frame_of_another_version_is_refused() =>
        Should.Throw<InvalidDataException>(() => SpdyFrameHeader.Parse(Convert.FromHexString("8002000100000029")));

    [Fact]
    public void Control_frames_carry_their_words_in_network_order()
    {
        Convert.ToHexString(SpdyFrames.RstStream(5, SpdyResetStatus.Cancel)).ShouldBe("80030003000000080000000500000005");
        Convert.ToHexString(SpdyFrames.Ping(7)).ShouldBe("800300060000000400000007");
        Convert.ToHexString(SpdyFrames.GoAway(3, 1)).ShouldBe("80030007000000080000000300000001");
        Convert.ToHexString(SpdyFrames.WindowUpdate(3, 32768)).ShouldBe("80030009000000080000000300008000");
        Convert.ToHexString(SpdyFrames.SynReply(1, [0xAB])).ShouldBe("800300020000000500000001AB");
    }
}
