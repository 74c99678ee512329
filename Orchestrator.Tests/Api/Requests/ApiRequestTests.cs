using Orchestrator.Api.Requests;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Requests;

public sealed class ApiRequestTests
{
    [Theory]
    [InlineData("GET", "/api/v1/pods", "list", "", "v1", "", "pods", "", "", "")]
    [InlineData("GET", "/api/v1/namespaces/default/pods/web", "get", "", "v1", "default", "pods", "web", "", "")]
    [InlineData("POST", "/api/v1/namespaces/default/pods/web/exec", "create", "", "v1", "default", "pods", "web", "exec", "")]
    [InlineData("GET", "/api/v1/namespaces/default/pods/web/proxy/a/b/", "get", "", "v1", "default", "pods", "web", "proxy", "/a/b/")]
    [InlineData("DELETE", "/apis/apps/v1/namespaces/x/deployments", "deletecollection", "apps", "v1", "x", "deployments", "", "", "")]
    [InlineData("PATCH", "/apis/apps/v1/namespaces/x/deployments/web/scale", "patch", "apps", "v1", "x", "deployments", "web", "scale", "")]
    [InlineData("GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", "", "")]
    [InlineData("GET", "/api/v1/namespaces/x", "get", "", "v1", "x", "namespaces", "x", "", "")]
    [InlineData("PUT", "/api/v1/namespaces/x/finalize", "update", "", "v1", "x", "namespaces", "x", "finalize", "")]
    [InlineData("GET", "/api/v1/watch/namespaces/x/pods", "watch", "", "v1", "x", "pods", "", "", "")]
    public void Resource_paths_are_understood(string method, string path, string verb, string group, string version, string ns, string resource, string name, string sub, string rest)
    {
        var request = ApiRequest.Parse(method, path, watch: false);
        request.IsResource.ShouldBeTrue();
        (request.Verb, request.Group, request.Version, request.Namespace, request.Resource, request.Name, request.Subresource, request.Rest)
            .ShouldBe((verb, group, version, ns, resource, name, sub, rest));
    }

    [Theory]
    [InlineData("GET", "/api/v1/namespaces/x/pods", "watch")]
    [InlineData("HEAD", "/api/v1/namespaces/x/pods", "watch")]
    [InlineData("GET", "/api/v1/namespaces/x/pods/web", "get")]
    [InlineData("GET", "/api/v1/namespaces/x/pods/web/log", "get")]
    [InlineData("GET", "/api/v1/watch/namespaces/x/pods/web", "watch")]
    [InlineData("DELETE", "/api/v1/namespaces/x/pods", "deletecollection")]
    public void The_querys_watch_is_for_collections(string method, string path, string verb) => ApiRequest.Parse(method, path, watch: true).Verb.ShouldBe(verb);

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    [InlineData("/api/v1")]
    [InlineData("/apis/apps")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/openapi/v3/apis/apps/v1")]
    [InlineData("/readyz/ping")]
    public void Other_paths_name_no_resource(string path) => ApiRequest.Parse("GET", path, watch: false).IsResource.ShouldBeFalse();

    [Fact]
    public void A_watch_of_one_object_by_field_is_authorised_as_that_object()
    {
        var request = ApiRequest.Parse("GET", "/api/v1/namespaces/default/pods", watch: true, oneByField: "web");
        (request.Verb, request.Name).ShouldBe(("watch", "web"));
    }
}
