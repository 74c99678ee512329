using System.Net;
using Shouldly;

namespace Orchestrator.Tests.Api.Http;

[Collection("api")]
public sealed class DiscoveryTests(ApiFixture api)
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

    [Fact]
    public async Task Plain_and_aggregated_discovery_are_chosen_by_accept()
    {
        ((string?)(await api.GetAsync("/apis")).Json["kind"]).ShouldBe("APIGroupList");
        var aggregated = await api.GetAsync("/apis", Aggregated);
        ((string?)aggregated.Json["kind"]).ShouldBe("APIGroupDiscoveryList");
        aggregated.ContentType.Replace(" ", "", StringComparison.Ordinal).ShouldBe("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        ((string?)(await api.GetAsync("/api/v1")).Json["kind"]).ShouldBe("APIResourceList");
    }

    [Fact]
    public async Task An_unchanged_document_is_not_sent_again()
    {
        using var first = await api.Admin.GetAsync("/apis");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/apis");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await api.Admin.SendAsync(request);
        second.StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task Unknown_resources_methods_and_paths_are_refused_as_kubernetes_does()
    {
        var unknown = await api.GetAsync("/api/v1/namespaces/default/gadgets");
        (unknown.Code, unknown.Message).ShouldBe((404, "the server could not find the requested resource"));
        (await api.GetAsync("/apis/nope.example.org/v1/things")).Code.ShouldBe(404);
        (await api.GetAsync("/nowhere")).Text.ShouldBe("404 page not found\n");
        var method = await api.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/configmaps/x", "{}");
        (method.Code, method.Reason).ShouldBe((405, "MethodNotAllowed"));
        (await api.GetAsync("/api/v1/namespaces/default/nodes/n")).Code.ShouldBe(404);
    }

    /// <summary>A watch that is asked for with HEAD has no body to go on in: it held up what came next on its connection.</summary>
    [Theory]
    [InlineData("/api/v1/namespaces/default/configmaps?watch=true")]
    [InlineData("/api/v1/watch/namespaces/default/configmaps/x")]
    [InlineData("/api/v1/namespaces/default/pods/x/log?follow=true")]
    [InlineData("/api/v1/namespaces/default/configmaps")]
    public async Task Resources_know_no_head(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var refused = await api.Admin.SendAsync(request);
        refused.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task A_named_object_is_read_not_watched_whatever_the_query_says()
    {
        var path = $"/api/v1/namespaces/{await api.NamespaceAsync()}";
        var read = await api.GetAsync($"{path}?watch=true");
        (read.Code, read.Json["kind"]!.GetValue<string>()).ShouldBe((200, "Namespace"));
    }

    [Fact]
    public async Task Health_is_told_check_by_check()
    {
        (await api.GetAsync("/readyz")).Text.ShouldBe("ok");
        (await api.GetAsync("/readyz?verbose")).Text.ShouldContain("[+]ping ok\n");
        (await api.GetAsync("/livez/ping")).Text.ShouldBe("ok");
        (await api.GetAsync("/livez/unknown")).Code.ShouldBe(404);
    }

    [Fact]
    public async Task The_version_is_one_that_clients_compare()
    {
        var version = (await api.GetAsync("/version")).Json;
        ((string?)version["major"], (string?)version["minor"]).ShouldBe(("1", "32"));
        ((string?)version["gitVersion"])!.ShouldStartWith("v1.32.");
    }
}
