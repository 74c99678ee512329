namespace Orchestrator.Tests.Api.Spdy;

/// <summary>What kubectl 1.20.2 sent for <c>echo hello | kubectl exec -i p -- cat</c>, recorded from its socket: whole frames.</summary>
internal static class KubectlBytes
{
    public static readonly byte[] OpenError = Convert.FromHexString("80030001000000290000000100000000000078f9e3c6a7c26260606004a7b392a2d4c45c6851c29a0a0a6800000000ffff");
    public static readonly byte[] OpenStdin = Convert.FromHexString("800300010000001700000003000000000000c22e555c92929907000000ffff");
    public static readonly byte[] OpenStdout = Convert.FromHexString("800300010000001900000005000000000000c22ac5565c92925f5a02000000ffff");
    public static readonly byte[] OpenStderr = Convert.FromHexString("800300010000001500000007000000000000c229975a5404000000ffff");
    public static readonly byte[] Hello = Convert.FromHexString("000000030000000668656c6c6f0a");
    public static readonly byte[] StdinEnds = Convert.FromHexString("0000000301000000");
    public static readonly byte[] Goodbye = Convert.FromHexString("80030003000000080000000100000005800300030000000800000005000000058003000300000008000000070000000580030007000000080000000000000000");

    public static readonly IReadOnlyList<byte[]> Opens = [OpenError, OpenStdin, OpenStdout, OpenStderr];
}
