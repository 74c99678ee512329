using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Docker;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Runtime;

public sealed class CgroupTests
{
    [Theory]
    [InlineData("/kubepods/burstable/podab-cd", "cgroupfs", "/kubepods/burstable/podab-cd")]
    [InlineData("/kubepods/burstable/podab-cd", "systemd", "kubepods-burstable-podab_cd.slice")]
    public void A_pods_cgroup_is_told_in_the_drivers_own_way(string path, string driver, string expected) => CgroupTree.ForDriver(path, driver).ShouldBe(expected);

    [Theory]
    [InlineData("/kubepods/podx", "cgroupfs", "/kubepods/podx/abc")]
    [InlineData(null, "cgroupfs", "/docker/abc")]
    [InlineData("/kubepods/podx", "systemd", "/kubepods.slice/kubepods-podx.slice/docker-abc.scope")]
    [InlineData(null, "systemd", "/system.slice/docker-abc.scope")]
    public void A_containers_cgroup_is_found_below_its_pods(string? parent, string driver, string expected) => CgroupTree.OfContainer(parent, "abc", driver).ShouldBe(expected);

    [Theory]
    [InlineData("CapEff:\t000001ffffffffff", "-500\n", -1000)]
    [InlineData("CapEff:\t000001fffeffffff", "0\n", 0)]
    [InlineData("CapEff:\t000001fffeffffff", "300\n", 300)]
    [InlineData("CapEff:\t000001fffeffffff", "-500\n", 0)]
    public void An_engine_without_the_capability_only_raises_the_oom_score(string capabilities, string own, int expected) =>
        EngineTraits.LowestAllowed(["Name:\tdockerd", capabilities], own).ShouldBe(expected);

    [Fact]
    public void Use_is_read_from_version_one_and_version_two_hierarchies()
    {
        var root = Directory.CreateTempSubdirectory("cgroups").FullName;
        try
        {
            Write($"{root}/v1/cpuacct/pod/c/cpuacct.usage", "5000000\n");
            Write($"{root}/v1/memory/pod/c/memory.usage_in_bytes", "1000\n");
            Write($"{root}/v1/memory/pod/c/memory.stat", "cache 1\ninactive_file 7\ntotal_inactive_file 300\ntotal_rss 50\ntotal_pgfault 8\ntotal_pgmajfault 2\n");
            Write($"{root}/v1/memory/pod/c/memory.limit_in_bytes", "9223372036854771712\n");
            Write($"{root}/v2/pod/c/cpu.stat", "usage_usec 42\nuser_usec 1\n");
            Write($"{root}/v2/pod/c/memory.current", "1000\n");
            Write($"{root}/v2/pod/c/memory.stat", "anon 1\ninactive_file 1300\n");
            Write($"{root}/v2/pod/c/memory.max", "4096\n");

            var at = DateTimeOffset.UnixEpoch;
            CgroupUsage.Read("/pod/c", at, $"{root}/v1").ShouldBe(new ResourceUsage(at, 5000000, 1000, 700) { RssBytes = 50, PageFaults = 8, MajorPageFaults = 2 });
            CgroupUsage.Read("/pod/c", at, $"{root}/v2").ShouldBe(new ResourceUsage(at, 42000, 1000, 0) { MemoryLimitBytes = 4096, RssBytes = 1 });
            CgroupUsage.Read("/pod/gone", at, $"{root}/v2").ShouldBeNull();
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
