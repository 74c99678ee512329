using System.Diagnostics;
using System.Globalization;

namespace Orchestrator.Api.Commands;

/// <summary>The files of one cluster on this machine.</summary>
public sealed class ClusterDirectory(string path)
{
    /// <summary>Absolute path of the directory.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary><c>~/.orchestrator</c>.</summary>
    public static string Default => System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".orchestrator");

    /// <summary>Certificates and keys.</summary>
    public string Pki => File("pki");

    /// <summary>The administrator's kubeconfig.</summary>
    public string Kubeconfig => File("kubeconfig");

    /// <summary>The journal.</summary>
    public string Journal => File("journal.db");

    /// <summary>Output of a detached cluster.</summary>
    public string Log => File("orchestrator.log");

    /// <summary>Random id of the cluster, the label on everything it makes in Docker.</summary>
    public string ClusterIdFile => File("cluster-id");

    /// <summary>Socket of the Docker Engine that the cluster's containers are on, noted by every start of its nodes: what removes them may not be told the configuration.</summary>
    public string DockerSocket
    {
        get => System.IO.File.Exists(DockerSocketFile) ? System.IO.File.ReadAllText(DockerSocketFile).Trim() : "/var/run/docker.sock";
        set => System.IO.File.WriteAllText(DockerSocketFile, value + "\n");
    }

    private string DockerSocketFile => File("docker-socket");

    /// <summary>How many simulated nodes the cluster was started with last; 0 where its nodes are real.</summary>
    public int SimulatedNodes
    {
        get => System.IO.File.Exists(SimulatedNodesFile) ? int.Parse(System.IO.File.ReadAllText(SimulatedNodesFile), CultureInfo.InvariantCulture) : 0;
        set => System.IO.File.WriteAllText(SimulatedNodesFile, value.ToString(CultureInfo.InvariantCulture) + "\n");
    }

    private string SimulatedNodesFile => File("simulated-nodes");

    private string PidFile => File("orchestrator.pid");

    /// <summary>A path below the directory.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the directory for its owner alone and returns the cluster's id, which is made at the first start.</summary>
    public string EnsureClusterId()
    {
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (System.IO.File.Exists(ClusterIdFile)) return System.IO.File.ReadAllText(ClusterIdFile).Trim();
        var id = Guid.NewGuid().ToString("N")[..8];
        System.IO.File.WriteAllText(ClusterIdFile, id + "\n");
        return id;
    }

    /// <summary>The id, or null where no cluster was ever started here.</summary>
    public string? ClusterId => System.IO.File.Exists(ClusterIdFile) ? System.IO.File.ReadAllText(ClusterIdFile).Trim() : null;

    /// <summary>Notes that this process serves the cluster.</summary>
    public void WritePid() => System.IO.File.WriteAllText(PidFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");

    /// <summary>This process no longer serves the cluster.</summary>
    public void RemovePid() => System.IO.File.Delete(PidFile);

    /// <summary>The process that serves the cluster, or null. A pid that was reused by another program is not taken for ours.</summary>
    public Process? Running()
    {
        if (!System.IO.File.Exists(PidFile) || !int.TryParse(System.IO.File.ReadAllText(PidFile), CultureInfo.InvariantCulture, out var pid)) return null;
        try
        {
            var process = Process.GetProcessById(pid);
            var command = System.IO.File.ReadAllText($"/proc/{pid}/cmdline");
            return command.Contains("orchestrator", StringComparison.Ordinal) ? process : null;
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            return null; // no such process (any more)
        }
    }
}
