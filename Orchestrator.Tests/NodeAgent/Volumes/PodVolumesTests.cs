using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Volumes;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Tests.NodeAgent.Pods;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Volumes;

public sealed class PodVolumesTests : IDisposable
{
    private const UnixFileMode Everyone = (UnixFileMode)0x1FF;
    private const int Group = 1234;
    private static readonly DownwardFacts Facts = new("10.0.0.2", "127.0.0.1", "node-1", 1000, 1000, 1000);

    private readonly PodDirectory _directory = new(Directory.CreateTempSubdirectory("pod-volumes-").FullName, "uid-web");

    public void Dispose()
    {
        _directory.Remove();
        Directory.Delete(_directory.NodeRoot, recursive: true);
    }

    [Theory]
    [InlineData("", null, Everyone)]
    [InlineData("", Group, Everyone | UnixFileMode.SetGroup)]
    [InlineData("Memory", null, Everyone | UnixFileMode.StickyBit)]
    [InlineData("Memory", Group, Everyone | UnixFileMode.StickyBit | UnixFileMode.SetGroup)]
    public async Task An_empty_dir_is_everyones_and_with_an_fs_group_the_groups(string medium, int? group, UnixFileMode mode)
    {
        var path = await EmptyDir(medium, group);
        File.GetUnixFileMode(path).ShouldBe(mode);
        LinuxFiles.IsMountPoint(path).ShouldBe(medium == "Memory");
        File.WriteAllText(Path.Combine(path, "file"), "x");
        (await GroupOf(Path.Combine(path, "file"))).ShouldBe($"{group ?? 0}");
    }

    [Theory, InlineData(""), InlineData("Memory")]
    public async Task A_sub_path_that_is_not_there_yet_is_made_like_its_volume(string medium)
    {
        var path = await EmptyDir(medium, Group);
        var container = PodBuilder.Container("main");
        container.VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/work", SubPath = "a/b" }];
        var mount = VolumeMounts.For(container, new Dictionary<string, MountedVolume> { ["work"] = new(path, false) }, _ => null).ShouldHaveSingleItem();
        mount.ShouldBe(new MountSpec(Path.Combine(path, "a/b"), "/work", false, "private"));
        File.GetUnixFileMode(mount.HostPath).ShouldBe(File.GetUnixFileMode(path));
        (await GroupOf(mount.HostPath)).ShouldBe($"{Group}");
    }

    [Fact]
    public async Task What_a_pod_changed_about_its_empty_dir_stays_when_it_is_set_up_again()
    {
        var path = await EmptyDir("Memory", null);
        File.SetUnixFileMode(path, (UnixFileMode)0x1C0);
        File.WriteAllText(Path.Combine(path, "file"), "x");
        (await EmptyDir("Memory", null)).ShouldBe(path);
        File.GetUnixFileMode(path).ShouldBe((UnixFileMode)0x1C0);
        File.ReadAllText(Path.Combine(path, "file")).ShouldBe("x");
    }

    private async Task<string> EmptyDir(string medium, int? group)
    {
        var pod = PodBuilder.Pod();
        pod.Spec.SecurityContext = new PodSecurityContext { FSGroup = group };
        pod.Spec.Volumes = [new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource { Medium = medium } }];
        var volumes = new PodVolumes(_directory, new Nothing(), new Nothing(), TimeProvider.System);
        return (await volumes.SetUpAsync(pod, Facts, CancellationToken.None))["work"].HostPath;
    }

    private static async Task<string> GroupOf(string path) => (await Acceptance.Shell.RunAsync("stat", ["-c", "%g", path])).Ok().Trim();

    private sealed class Nothing : IConfigSource, IPodTokenSource
    {
        public ConfigMap? ConfigMap(string ns, string name) => null;

        public Secret? Secret(string ns, string name) => null;

        public Task<PodToken> GetAsync(Pod pod, IReadOnlyList<string> audiences, TimeSpan lifetime, CancellationToken cancel) => throw new NotSupportedException("no token is asked for here");
    }
}
