using System.Text;
using Orchestrator.Api.Proxying;
using Orchestrator.Api.Subresources;
using Shouldly;

namespace Orchestrator.Tests.Api.Proxying;

public sealed class ProxyingTests
{
    private const string Prefix = "/api/v1/namespaces/n/pods/p:80/proxy";

    [Theory]
    [InlineData("web", "", "web", "")]
    [InlineData("web:80", "", "web", "80")]
    [InlineData("https:web:tls", "https", "web", "tls")]
    [InlineData("http:web:", "http", "web", "")]
    public void Names_carry_scheme_and_port(string id, string scheme, string name, string port) => ProxyName.Parse(id).ShouldBe(new ProxyName(scheme, name, port));

    [Theory]
    [InlineData("")]
    [InlineData(":80")]
    [InlineData("ftp:web:80")]
    [InlineData("a:b:c:d")]
    public void Other_names_are_refused(string id) => ProxyName.Parse(id).ShouldBeNull();

    [Theory]
    [InlineData(Prefix, "", "")]
    [InlineData(Prefix + "?a=1", "", "?a=1")]
    [InlineData(Prefix + "/", "/", "")]
    [InlineData(Prefix + "/a%2Fb//c/?x=/y", "/a%2Fb//c/", "?x=/y")]
    public void The_pods_path_is_what_follows_untouched(string target, string path, string query) => ProxyEndpoint.Split(target).ShouldBe((Prefix, path, query));

    [Theory]
    [InlineData("/x", Prefix + "/x")]
    [InlineData("x/y", "x/y")]
    [InlineData("#top", "#top")]
    [InlineData("https://elsewhere/x", "https://elsewhere/x")]
    [InlineData("//elsewhere/x", "//elsewhere/x")]
    [InlineData("http://me:1/x", "http://me:1" + Prefix + "/x")]
    [InlineData(Prefix + "/x", Prefix + "/x")]
    public void Only_absolute_paths_of_this_host_get_the_prefix(string link, string expected) => new LinkRewriter(Prefix, "me:1").Url(link).ShouldBe(expected);

    [Theory]
    [InlineData("<a href=\"/x\">t</a>", "<a href=\"{P}/x\">t</a>")]
    [InlineData("<IMG alt='<a href=/x>' SRC = '/i.png'/>", "<IMG alt='<a href=/x>' SRC = '{P}/i.png'/>")]
    [InlineData("<a href=/x>t<b title=/y>", "<a href={P}/x>t<b title=/y>")]
    [InlineData("<!-- <a href=\"/x\"> --><p>1 < 2 \u00e9</p>", "<!-- <a href=\"/x\"> --><p>1 < 2 \u00e9</p>")]
    [InlineData("<script src=/s>if (a<b) '<a href=\"/x\">'</script><a href=/y>", "<script src={P}/s>if (a<b) '<a href=\"/x\">'</script><a href={P}/y>")]
    [InlineData("<a =href href", "<a =href href")]
    [InlineData("<", "<")]
    public void Links_of_a_page_are_rewritten_and_nothing_else(string page, string expected) =>
        Encoding.UTF8.GetString(new LinkRewriter(Prefix, "me").Page(Encoding.UTF8.GetBytes(page))).ShouldBe(expected.Replace("{P}", Prefix, StringComparison.Ordinal));
}
