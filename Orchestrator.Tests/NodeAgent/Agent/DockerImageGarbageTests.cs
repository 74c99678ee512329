using Orchestrator.NodeAgent.Images;
using Orchestrator.NodeAgent.Nodes;
using Orchestrator.NodeAgent.Runtime.Docker;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Tests.NodeAgent.Runtime;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Agent;

/// <summary>Image collection on the real engine and against a real file system that really fills up: a small one in memory stands in for the engine's disk.</summary>
[Collection(DockerTestEngine.Collection)]
public sealed class DockerImageGarbageTests : DockerAgentTest
{
    private const int DiskSize = 8 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly string _disk;
    private readonly string _image = $"orchestrator-test/collected:{Guid.NewGuid():N}";

    public DockerImageGarbageTests(DockerTestEngine engine) : this(engine, Directory.CreateTempSubdirectory("image-disk-").FullName) { }

    private DockerImageGarbageTests(DockerTestEngine engine, string disk)
        : base(engine, options => options with
        {
            ReadDisk = _ => NodeFacts.DiskOf(disk),
            ContainerGarbageInterval = TimeSpan.FromMilliseconds(200),
            ImageGarbageInterval = TimeSpan.FromMilliseconds(200),
            ImageGarbage = new ImageGarbagePolicy { MinimumAge = TimeSpan.Zero },
        })
    {
        _disk = disk;
        LinuxFiles.MountTmpfs(disk, DiskSize);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        LinuxFiles.RemoveTree(_disk);
        using var client = new DockerClient(DockerTestEngine.Socket);
        await new DockerImages(client).RemoveAsync(_image, CancellationToken.None);
    }

    [Fact]
    public async Task When_the_disk_fills_up_images_that_pods_no_longer_use_go_and_the_others_stay()
    {
        await ImportAsync();
        var stays = Shell(("main", "trap 'exit 0' TERM; while true; do sleep 0.2; done"));
        var goes = Shell(("main", "trap 'exit 0' TERM; while true; do sleep 0.2; done"));
        goes.Spec.Containers![0].Image = _image;
        Fixture.Put(stays);
        Fixture.Put(goes);
        Until(stays, s => s.ContainerStatuses![0].Ready);
        Until(goes, s => s.ContainerStatuses![0].Ready);
        var image = (await Runtime.FindImageAsync(_image, CancellationToken.None)).ShouldNotBeNull();

        // Full while a pod runs from the image: it is in use, and the node says that it cannot free enough.
        File.WriteAllBytes(Path.Combine(_disk, "full"), new byte[DiskSize / 100 * 95]);
        AwaitAssert(() => Fixture.Events.ShouldContain(e => e.Reason == "FreeDiskSpaceFailed"), Patience);
        (await Runtime.FindImageAsync(_image, CancellationToken.None)).ShouldNotBeNull("a running container uses it");

        // With room nothing goes, used or not.
        File.Delete(Path.Combine(_disk, "full"));
        Delete(goes);
        Fixture.Remove(goes);
        (await Runtime.FindImageAsync(_image, CancellationToken.None)).ShouldNotBeNull("there is room");

        File.WriteAllBytes(Path.Combine(_disk, "full"), new byte[DiskSize / 100 * 90]);
        AwaitAssert(() => Runtime.FindImageAsync(image.Id, CancellationToken.None).Result.ShouldBeNull(), Patience);
        (await Runtime.FindImageAsync(stays.Spec.Containers![0].Image, CancellationToken.None)).ShouldNotBeNull("a running container uses it");
        (await Runtime.FindImageAsync(PauseImage.Reference, CancellationToken.None)).ShouldNotBeNull("sandboxes need it");
        Fixture.Status(stays)!.ContainerStatuses![0].Ready.ShouldBeTrue();
        Delete(stays);
    }

    /// <summary>An image nobody else has: busybox with a file of its own, larger than what is to be freed.</summary>
    private async Task ImportAsync()
    {
        using var client = new DockerClient(DockerTestEngine.Socket);
        await new DockerImages(client).ImportAsync(DockerTestEngine.BusyboxLayer(), _image.Split(':')[0], _image.Split(':')[1], $"LABEL own=\"{Guid.NewGuid():N}\"", CancellationToken.None);
    }
}
