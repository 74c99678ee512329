using System.Formats.Tar;
using System.Runtime.InteropServices;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// The image of a pod's sandbox, made here so that nothing is pulled: one static executable of under 300 bytes. It blocks every signal and then waits for them
/// one by one: SIGTERM and SIGINT end it, anything else makes it reap (it is process 1 of a pod that shares its process namespace). Blocking rather than
/// handling matters: the kernel drops unhandled signals to process 1, but never blocked ones.
/// </summary>
internal static class PauseImage
{
    /// <summary>Repository of the image.</summary>
    public const string Repository = "orchestrator/pause";

    /// <summary>Grows when the program changes.</summary>
    public const string Tag = "2";

    /// <summary>
    /// Names under which every Kubernetes node has its sandbox image. Manifests and test suites run it as a container that does nothing, so they find ours.
    /// </summary>
    public static IReadOnlyList<(string Repository, string Tag)> WellKnownNames { get; } = [("k8s.gcr.io/pause", "3.2"), ("registry.k8s.io/pause", "3.10")];

    /// <summary>Reference of the image.</summary>
    public const string Reference = $"{Repository}:{Tag}";

    private const ulong LoadAddress = 0x400000;
    private const int HeaderSize = 64 + 56;

    // push -1; rt_sigprocmask(SIG_BLOCK, rsp, 0, 8)
    // wait: rt_sigtimedwait(rsp, 0, 0, 8); 15 or 2 → exit
    // reap: wait4(-1, 0, WNOHANG, 0) while positive; → wait
    // exit: exit(0)
    private const string X64Code =
        "6aff31ff4889e631d26a08415a6a0e580f05" +
        "4889e731f631d26a08415ab8800000000f0583f80f741c83f8027417" +
        "4883cfff31f66a015a4531d26a3d580f0585c07febebcd" +
        "31ff6a3c580f05";

    // The same program for arm64: mov x9,-1; str x9,[sp,-16]!; …
    private const string Arm64Code =
        "09008092e90f1ff8000080d2e1030091020080d2030180d2e81080d2010000d4" +
        "e0030091010080d2020080d2030180d2281180d2010000d41f3c007180010054" +
        "1f0800714001005400008092010080d2220080d2030080d2882080d2010000d4" +
        "1f0000712cffff54eeffff17000080d2a80b80d2010000d4";

    /// <summary>The image's file system as a tar: <c>/pause</c>.</summary>
    public static byte[] Layer(Architecture architecture)
    {
        using var buffer = new MemoryStream();
        using (var tar = new TarWriter(buffer, TarEntryFormat.Ustar, leaveOpen: true))
        {
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "pause")
            {
                Mode = (UnixFileMode)0b101_101_101,
                ModificationTime = DateTimeOffset.UnixEpoch,
                DataStream = new MemoryStream(Executable(architecture)),
            });
        }

        return buffer.ToArray();
    }

    /// <summary>A static ELF executable. Throws <see cref="PlatformNotSupportedException"/> for other machines than x64 and arm64.</summary>
    internal static byte[] Executable(Architecture architecture)
    {
        var (machine, hex) = architecture switch
        {
            Architecture.X64 => ((ushort)62, X64Code),
            Architecture.Arm64 => ((ushort)183, Arm64Code),
            _ => throw new PlatformNotSupportedException($"there is no built-in sandbox program for {architecture}; x64 and arm64 have one"),
        };
        var code = Convert.FromHexString(hex);
        using var file = new MemoryStream();
        using var write = new BinaryWriter(file);
        var size = (ulong)(HeaderSize + code.Length);
        write.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // 64 bit, little endian, System V
        write.Write((ushort)2); // executable
        write.Write(machine);
        write.Write(1u);
        write.Write(LoadAddress + HeaderSize); // entry
        write.Write(64ul); // program headers follow
        write.Write(0ul); // no sections
        write.Write(0u);
        write.Write((ushort)64);
        write.Write((ushort)56);
        write.Write((ushort)1); // one program header
        write.Write((ushort)64);
        write.Write(0u); // no sections, no names
        write.Write(1u); // PT_LOAD
        write.Write(5u); // read, execute
        write.Write(0ul); // from the start of the file
        write.Write(LoadAddress);
        write.Write(LoadAddress);
        write.Write(size);
        write.Write(size);
        write.Write(0x10000ul); // arm64 pages may be 64 KiB
        write.Write(code);
        write.Flush();
        return file.ToArray();
    }
}
