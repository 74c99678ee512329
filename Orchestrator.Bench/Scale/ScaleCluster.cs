using System.Net;
using System.Text;
using Orchestrator.Actors;
using Orchestrator.Api.Commands;
using Orchestrator.Api.Security;
using Orchestrator.Bench.Cluster;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Configuration;

namespace Orchestrator.Bench.Scale;

/// <summary>The product with simulated nodes in this process, on a journal of its own that goes away with it; spoken to over HTTPS.</summary>
internal sealed class ScaleCluster : IAsyncDisposable
{
    private readonly ClusterHost _host;
    private readonly DirectoryInfo _data;

    private ScaleCluster(ClusterHost host, DirectoryInfo data, HttpClient client) => (_host, _data, Client) = (host, data, client);

    /// <summary>As the administrator.</summary>
    public HttpClient Client { get; }

    /// <summary>The control plane.</summary>
    public ControlPlane Plane => _host.Plane;

    /// <summary>Starts it and returns when every node is Ready.</summary>
    public static async Task<ScaleCluster> StartAsync(int nodes, ActorMeter? meter)
    {
        var data = Directory.CreateTempSubdirectory("bench-scale-");
        var directory = new ClusterDirectory(data.FullName);
        var configuration = ClusterConfiguration.From(HoconConfiguration.Load([]), new UpOptions(data.FullName, Port: BenchCluster.FreePort(), SimulatedNodes: nodes));
        var host = await ClusterHost.StartAsync(configuration, directory, TimeProvider.System, CancellationToken.None, meter);
        await host.WaitUntilReadyAsync(new Progress(TextWriter.Null, false), TimeSpan.FromMinutes(2), CancellationToken.None);
        var kubeconfig = KubeconfigFile.Read(directory.Kubeconfig);
        var client = new HttpClient(new SocketsHttpHandler { SslOptions = ClusterTls.Trusting(kubeconfig.Authority, kubeconfig.Client) }) { BaseAddress = kubeconfig.Server, DefaultRequestVersion = HttpVersion.Version20 };
        return new ScaleCluster(host, data, client);
    }

    /// <summary>Creates an object; throws for what is not a success.</summary>
    public async Task CreateAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await Client.PostAsync(path, content);
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"POST {path}: {await answer.Content.ReadAsStringAsync()}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _host.DisposeAsync();
        _data.Delete(recursive: true);
    }
}
