using Orchestrator.NodeAgent.Images;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Images;

public sealed class ImageReferenceTests
{
    private const string Digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox:latest")]
    [InlineData("busybox:1.29", "docker.io/library/busybox:1.29")]
    [InlineData("team/app", "docker.io/team/app:latest")]
    [InlineData("index.docker.io/busybox", "docker.io/library/busybox:latest")]
    [InlineData("localhost/app:v1", "localhost/app:v1")]
    [InlineData("localhost:5000/app", "localhost:5000/app:latest")]
    [InlineData("k8s.gcr.io/e2e-test-images/agnhost:2.21", "k8s.gcr.io/e2e-test-images/agnhost:2.21")]
    [InlineData("registry.example.com:443/a/b/c__d-e.f:T_1", "registry.example.com:443/a/b/c__d-e.f:T_1")]
    [InlineData("busybox@" + Digest, "docker.io/library/busybox@" + Digest)]
    [InlineData("busybox:1@" + Digest, "docker.io/library/busybox:1@" + Digest)]
    public void A_reference_is_completed_as_Docker_does(string image, string expected) => ImageReference.Parse(image).ToString().ShouldBe(expected);

    [Theory]
    [InlineData("", "repository name must have at least one component")]
    [InlineData("BusyBox", "repository name must be lowercase")]
    [InlineData("docker.io/Team/app", "repository name must be lowercase")]
    [InlineData("busybox:", "invalid reference format")]
    [InlineData("a b", "invalid reference format")]
    [InlineData("-bad", "invalid reference format")]
    [InlineData("busybox@sha256:123", "invalid reference format")]
    [InlineData("busybox\n", "invalid reference format")]
    public void A_reference_that_is_not_valid_says_why(string image, string expected)
    {
        ImageReference.TryParse(image, out _, out var error).ShouldBeFalse();
        error.ShouldBe(expected);
        Should.Throw<FormatException>(() => ImageReference.Parse(image)).Message.ShouldBe(expected);
    }
}
