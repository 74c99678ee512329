using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Orchestrator.NodeAgent.Images;
using Orchestrator.NodeAgent.Network;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Tests.NodeAgent.Runtime;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Images;

/// <summary>Pulls from Debian's docker-registry on loopback, which asks for a login.</summary>
[Trait("Needs", "docker")]
[Collection(DockerTestEngine.Collection)]
public sealed class DockerPullTests(DockerTestEngine engine) : IAsyncLifetime
{
    private const string User = "puller";
    private const string Password = "secret";

    // bcrypt of the password: the only form the registry takes
    private const string AccountsFile = User + ":$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orchestrator-registry");
    private readonly int _port = FreePort();
    private Process? _registry;

    private string Name => $"127.0.0.1:{_port}/team/busybox";

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "config.yml"), $$$"""
            version: 0.1
            log: { level: error }
            storage: { filesystem: { rootdirectory: "{{{_directory.FullName}}}/data" } }
            http: { addr: "127.0.0.1:{{{_port}}}" }
            auth: { htpasswd: { realm: test, path: "{{{_directory.FullName}}}/htpasswd" } }
            """);
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "htpasswd"), AccountsFile);
        _registry = Process.Start(new ProcessStartInfo("docker-registry", ["serve", Path.Combine(_directory.FullName, "config.yml")]) { WorkingDirectory = _directory.FullName });
        _registry.ShouldNotBeNull();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await ListensAsync(deadline.Token))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }

        // The docker command keeps its login in a directory of its own, so the machine's stays as it is.
        string[] docker = ["--config", _directory.FullName];
        await HostCommand.ExpectAsync("docker", [.. docker, "login", "-u", User, "--password-stdin", $"127.0.0.1:{_port}"], Password, deadline.Token);
        await HostCommand.ExpectAsync("docker", ["tag", engine.Image, Name + ":v1"], null, deadline.Token);
        await HostCommand.ExpectAsync("docker", [.. docker, "push", "-q", Name + ":v1"], null, deadline.Token);
        await HostCommand.ExpectAsync("docker", ["rmi", Name + ":v1"], null, deadline.Token);
    }

    public async Task DisposeAsync()
    {
        await HostCommand.RunAsync("docker", ["rmi", Name + ":v1"], null, CancellationToken.None);
        _registry?.Kill();
        _registry?.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_private_image_needs_the_login_of_a_pull_secret()
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        var image = Name + ":v1";
        (await node.Runtime.FindImageAsync(image, node.Cancel)).ShouldBeNull();
        (await Should.ThrowAsync<RuntimeException>(() => node.Runtime.PullImageAsync(image, null, node.Cancel))).Message.ShouldContain("no basic auth credentials");

        var secret = System.Text.Encoding.UTF8.GetBytes($$$"""{"auths":{"127.0.0.1:{{{_port}}}":{"username":"{{{User}}}","password":"{{{Password}}}"} } }""");
        var login = RegistryLogins.For(ImageReference.Parse(image), [secret]).Single();
        var pulled = await node.Runtime.PullImageAsync(image, login, node.Cancel);

        pulled.Tags.ShouldContain(image);
        pulled.Digests.ShouldHaveSingleItem().ShouldStartWith(Name + "@sha256:");
        (await node.Runtime.ListImagesAsync(node.Cancel)).ShouldContain(i => i.Id == pulled.Id);
        (await node.Runtime.PullImageAsync(pulled.Digests[0], login, node.Cancel)).Id.ShouldBe(pulled.Id);
    }

    [Theory]
    [InlineData("127.0.0.1:1/nobody:v1", "connection refused")]
    [InlineData("Not/Valid:v1", "lowercase")]
    public async Task A_pull_that_fails_says_why(string image, string expected)
    {
        await using var node = await DockerTestNode.StartAsync(engine);
        (await Should.ThrowAsync<RuntimeException>(() => node.Runtime.PullImageAsync(image, null, node.Cancel))).Message.ShouldContain(expected);
    }

    private async Task<bool> ListensAsync(CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _port), cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
