using System.Formats.Tar;
using Orchestrator.NodeAgent.Runtime.Docker;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Runtime;

/// <summary>The real engine, shared by the tests that need it (they run one after the other), with an image made of Debian's busybox-static.</summary>
public sealed class DockerTestEngine : IAsyncLifetime
{
    public const string Collection = "docker engine";
    public const string Socket = "/var/run/docker.sock";

    /// <summary>busybox with its applets, user root.</summary>
    public string Image { get; } = $"orchestrator-test/busybox:{Guid.NewGuid():N}";

    public async Task InitializeAsync()
    {
        File.Exists(Socket).ShouldBeTrue($"these tests need Docker Engine on {Socket}");
        using var client = new DockerClient(Socket);
        await new DockerImages(client).ImportAsync(BusyboxLayer(), Image.Split(':')[0], Image.Split(':')[1], "CMD [\"sh\"]", CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        using var client = new DockerClient(Socket);
        await new DockerImages(client).RemoveAsync(Image, CancellationToken.None);
    }

    internal static byte[] BusyboxLayer()
    {
        using var buffer = new MemoryStream();
        using (var tar = new TarWriter(buffer, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var directory in new[] { "bin/", "tmp/", "etc/" })
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, directory) { Mode = (UnixFileMode)0b111_111_111 });
            }

            using var program = File.OpenRead("/bin/busybox");
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox") { Mode = (UnixFileMode)0b111_101_101, DataStream = program });
            foreach (var applet in "sh cat echo sleep ip ping wget httpd hostname id stty ls kill head seq touch true env mount grep ps".Split(' '))
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet) { LinkName = "busybox" });
            }
        }

        return buffer.ToArray();
    }
}

[CollectionDefinition(DockerTestEngine.Collection)]
public sealed class DockerTestEngineDefinition : ICollectionFixture<DockerTestEngine>;
