using System.Buffers.Binary;
using System.Text;
using Orchestrator.NodeAgent.Runtime.Docker;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Runtime;

public sealed class MultiplexedOutputTests
{
    [Fact]
    public void Pieces_come_out_whole_wherever_the_reads_cut_them()
    {
        byte[] wire = [.. Piece(1, "hello "), .. Piece(2, "oops"), .. Piece(1, ""), .. Piece(1, "world")];
        for (var size = 1; size <= wire.Length; size++)
        {
            var output = new MultiplexedOutput(raw: false);
            var (stdout, stderr) = (new StringBuilder(), new StringBuilder());
            for (var at = 0; at < wire.Length; at += size)
            {
                foreach (var (stream, data) in output.Split(wire.AsMemory(at, Math.Min(size, wire.Length - at))))
                {
                    (stream == 2 ? stderr : stdout).Append(Encoding.UTF8.GetString(data.Span));
                }
            }

            stdout.ToString().ShouldBe("hello world", $"reads of {size}");
            stderr.ToString().ShouldBe("oops", $"reads of {size}");
        }
    }

    [Fact]
    public void A_terminals_output_has_no_headers() =>
        new MultiplexedOutput(raw: true).Split("plain"u8.ToArray()).Single().ShouldSatisfyAllConditions(p => p.Stream.ShouldBe((byte)1), p => p.Data.ToArray().ShouldBe("plain"u8.ToArray()));

    [Theory]
    [InlineData("""{"Width":80,"Height":24}""", 80, 24)]
    public void A_resize_frame_is_a_size(string json, int width, int height) => TerminalSize.Parse(Encoding.UTF8.GetBytes(json)).ShouldBe(new TerminalSize(width, height));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"Width":0,"Height":24}""")]
    [InlineData("""{"Width":"80","Height":24}""")]
    [InlineData("""{"Width":1e99,"Height":24}""")]
    public void A_resize_frame_without_sense_is_nothing(string json) => TerminalSize.Parse(Encoding.UTF8.GetBytes(json)).ShouldBeNull();

    private static byte[] Piece(byte stream, string text)
    {
        var data = Encoding.UTF8.GetBytes(text);
        var header = new byte[8];
        header[0] = stream;
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), data.Length);
        return [.. header, .. data];
    }
}
