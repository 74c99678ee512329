using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Api.Security;

namespace Orchestrator.Tests.Api.Admission;

/// <summary>An HTTPS server on a free loopback port that answers each path with a function of the posted JSON; it keeps what it was asked.</summary>
internal sealed class WebhookServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CertificateAuthority _authority;
    private readonly ConcurrentDictionary<string, Func<JsonObject, Task<JsonObject>>> _paths = new();
    private readonly ConcurrentQueue<(string Path, JsonObject Request)> _asked = new();
    private readonly ConcurrentQueue<JsonObject> _reviews = new();

    private WebhookServer(WebApplication app, CertificateAuthority authority) => (_app, _authority) = (app, authority);

    /// <summary>The authority of its certificate, as <c>caBundle</c> holds it.</summary>
    public string CaBundle => Convert.ToBase64String(Encoding.UTF8.GetBytes(_authority.CertificatePem));

    /// <summary>The requests of the reviews that came to a path, in order.</summary>
    public IReadOnlyList<JsonObject> Asked(string path) => [.. _asked.Where(a => a.Path == path).Select(a => a.Request)];

    /// <summary>Where it listens.</summary>
    public int Port => new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    /// <summary>Answers what no path does; null for 404.</summary>
    public Func<HttpContext, Task>? Otherwise { get; set; }

    /// <summary>Starts with a certificate for 127.0.0.1, and further hosts.</summary>
    public static async Task<WebhookServer> StartAsync(params string[] hosts)
    {
        var authority = CertificateAuthority.Create("webhooks", TimeProvider.System);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = authority.IssueServing("webhook", ["127.0.0.1", "localhost", .. hosts]),
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (_, _, _) => true, // the test looks at it
            })));
        var server = new WebhookServer(builder.Build(), authority);
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The URL of a path that answers AdmissionReviews with a response's fields (<c>allowed</c>, <c>patch</c> as JSON, …).</summary>
    public string Admits(string path, Func<JsonObject, JsonObject> answer) => Serves(path, review =>
    {
        var request = review["request"]!.AsObject();
        _asked.Enqueue((path, request));
        var response = answer(request);
        response["uid"] ??= (string?)request["uid"];
        if (response["patch"] is JsonArray patch)
        {
            response["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch.ToJsonString()));
            response["patchType"] = "JSONPatch";
        }
        return Task.FromResult(new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = (string?)review["apiVersion"], ["response"] = response });
    });

    /// <summary>The requests of all ConversionReviews, in order.</summary>
    public IReadOnlyList<JsonObject> Reviews => [.. _reviews];

    /// <summary>
    /// The URL of a path that answers ConversionReviews: each object is changed by <paramref name="convert"/>, which is told the version; then <paramref name="spoil"/> may change the response.
    /// </summary>
    public string Converts(string path, Action<JsonObject, string> convert, Action<JsonObject>? spoil = null) => Serves(path, review =>
    {
        var request = review["request"]!.AsObject();
        _reviews.Enqueue(request);
        var desired = (string)request["desiredAPIVersion"]!;
        var objects = request["objects"]!.DeepClone().AsArray();
        foreach (var obj in objects)
        {
            convert(obj!.AsObject(), desired);
            obj["apiVersion"] = desired;
        }
        var response = new JsonObject { ["uid"] = (string?)request["uid"], ["result"] = new JsonObject { ["status"] = "Success" }, ["convertedObjects"] = objects };
        spoil?.Invoke(response);
        return Task.FromResult(new JsonObject { ["kind"] = "ConversionReview", ["apiVersion"] = (string?)review["apiVersion"], ["response"] = response });
    });

    /// <summary>The URL of a path that answers any document.</summary>
    public string Serves(string path, Func<JsonObject, Task<JsonObject>> answer)
    {
        _paths[path] = answer;
        return $"https://127.0.0.1:{Port}{path}";
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _authority.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (!_paths.TryGetValue(context.Request.Path.Value ?? "", out var answer))
        {
            if (Otherwise is not null) await Otherwise(context);
            else context.Response.StatusCode = 404;
            return;
        }
        using var body = new StreamReader(context.Request.Body);
        var posted = JsonNode.Parse(await body.ReadToEndAsync())!.AsObject();
        await context.Response.WriteAsync((await answer(posted)).ToJsonString());
    }
}
