using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Orchestrator.Api.Security;

namespace Orchestrator.Api.Joining;

/// <summary>
/// What an agent keeps so that it can start again without the member it joined through, and without a token: its key and certificate in one file (mode 0600, replaced as a whole), the
/// authority, its name, and what it knows of the cluster.
/// </summary>
public sealed class AgentDirectory(string path)
{
    private readonly Lock _lock = new();

    private string CertificateFile => System.IO.Path.Combine(path, "node.pem");

    private string AuthorityFile => System.IO.Path.Combine(path, "ca.crt");

    private string ClusterFile => System.IO.Path.Combine(path, "agent.json");

    /// <summary>Whether the node has joined: everything is there.</summary>
    public bool HasJoined => File.Exists(CertificateFile) && File.Exists(AuthorityFile) && File.Exists(ClusterFile);

    /// <summary>The node's name and the cluster it is of. Throws <see cref="InvalidDataException"/> naming the file where it cannot be read.</summary>
    public (string NodeName, JoinDocument Cluster) ReadCluster() => Read(ClusterFile, file =>
    {
        var json = JsonNode.Parse(File.ReadAllText(file)) as JsonObject ?? throw new FormatException("it holds no object");
        return ((string?)json["nodeName"] ?? throw new FormatException("there is no nodeName"), JoinDocument.Parse(json["cluster"] as JsonObject ?? throw new FormatException("there is no cluster")));
    });

    /// <summary>The authority.</summary>
    public X509Certificate2 ReadAuthority() => Read(AuthorityFile, X509CertificateLoader.LoadCertificateFromFile);

    /// <summary>The node's certificate with its key.</summary>
    public X509Certificate2 ReadCertificate() => Read(CertificateFile, file => X509Certificate2.CreateFromPemFile(file, file));

    /// <summary>Keeps what was learnt at the join.</summary>
    public void WriteCluster(string nodeName, JoinDocument cluster, X509Certificate2 authority)
    {
        PrivateFile.EnsureDirectory(path);
        PrivateFile.Write(AuthorityFile, authority.ExportCertificatePem() + "\n");
        WriteCluster(nodeName, cluster);
    }

    /// <summary>Members came or went.</summary>
    public void WriteMembers(IReadOnlyList<string> endpoints)
    {
        lock (_lock)
        {
            var (name, cluster) = ReadCluster();
            WriteCluster(name, cluster with { Endpoints = endpoints });
        }
    }

    /// <summary>Keeps a certificate with the key it is for, and returns the two together.</summary>
    public X509Certificate2 WriteCertificate(string pem, ECDsa key)
    {
        PrivateFile.EnsureDirectory(path);
        PrivateFile.Write(CertificateFile, $"{pem.Trim()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        return ReadCertificate();
    }

    private void WriteCluster(string nodeName, JoinDocument cluster) =>
        PrivateFile.Write(ClusterFile, new JsonObject { ["nodeName"] = nodeName, ["cluster"] = cluster.ToJson() }.ToJsonString() + "\n");

    private static T Read<T>(string file, Func<string, T> read)
    {
        try
        {
            return read(file);
        }
        catch (Exception e) when (e is CryptographicException or IOException or FormatException or System.Text.Json.JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{file} cannot be used ({e.Message}); restore it, or remove the directory and join again with a token", e);
        }
    }
}
