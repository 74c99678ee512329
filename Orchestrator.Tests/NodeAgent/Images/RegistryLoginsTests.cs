using System.Text;
using Orchestrator.NodeAgent.Images;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Images;

public sealed class RegistryLoginsTests
{
    [Theory]
    [InlineData("https://index.docker.io/v1/", "busybox", true)]
    [InlineData("docker.io", "team/app", true)]
    [InlineData("docker.io", "quay.io/team/app", false)]
    [InlineData("registry.example.com", "registry.example.com/app", true)]
    [InlineData("registry.example.com", "registry.example.com:5000/app", false)]
    [InlineData("registry.example.com:5000", "registry.example.com:5000/app", true)]
    [InlineData("http://registry.example.com/v2/", "registry.example.com/app", true)]
    [InlineData("*.example.com", "registry.example.com/app", true)]
    [InlineData("*.example.com", "a.registry.example.com/app", false)]
    [InlineData("re*ry.example.com", "registry.example.com/app", true)]
    [InlineData("re*x.example.com", "registry.example.com/app", false)]
    [InlineData("registry.example.com/team", "registry.example.com/team/app", true)]
    [InlineData("registry.example.com/team", "registry.example.com/teamwork/app", false)]
    public void A_login_is_for_the_images_of_its_registry_and_path(string key, string image, bool matches) =>
        RegistryLogins.For(ImageReference.Parse(image), [Secret($$$"""{"auths":{"{{{key}}}":{"username":"u","password":"p"} } }""")]).Count.ShouldBe(matches ? 1 : 0);

    [Fact]
    public void The_most_specific_login_comes_first_and_auth_wins_over_the_plain_pair()
    {
        var auth = Convert.ToBase64String("real:pass:word"u8);
        var secret = Secret($$$"""{"auths":{"r.example.com":{"username":"wide","password":"p"},"r.example.com/team":{"username":"x","password":"y","auth":"{{{auth}}}"},"*.example.com":{"username":"star","password":"p"} } }""");
        var logins = RegistryLogins.For(ImageReference.Parse("r.example.com/team/app"), [secret]);
        logins.Select(l => l.Username).ShouldBe(["real", "wide", "star"]);
        logins[0].Password.ShouldBe("pass:word");
    }

    [Fact]
    public void The_older_format_has_no_auths_level() =>
        RegistryLogins.For(ImageReference.Parse("r.example.com/app"), [Secret("""{"r.example.com":{"username":"u","password":"p","email":"e"}}""")]).Single().Username.ShouldBe("u");

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{"auths":[]}""")]
    [InlineData("""{"auths":{"r.example.com":{"auth":"%%%"}}}""")]
    [InlineData("""{"auths":{"r.example.com":7}}""")]
    public void A_secret_without_sense_gives_no_login(string secret) => RegistryLogins.For(ImageReference.Parse("r.example.com/app"), [Secret(secret)]).ShouldBeEmpty();

    private static ReadOnlyMemory<byte> Secret(string json) => Encoding.UTF8.GetBytes(json);
}
