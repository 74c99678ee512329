using Orchestrator.NodeAgent.Pods;
using Orchestrator.Protocol.Nodes;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Volumes;

/// <summary>Where service-account tokens for pods come from. Throws <see cref="InvalidOperationException"/> with the reason of a refusal.</summary>
public interface IPodTokenSource
{
    /// <summary>A token bound to the pod.</summary>
    Task<PodToken> GetAsync(Pod pod, IReadOnlyList<string> audiences, TimeSpan lifetime, CancellationToken cancel);
}

/// <summary>A volume in place on the node.</summary>
/// <param name="HostPath">Directory or file.</param>
/// <param name="ReadOnly">Every mount of it is read-only.</param>
public sealed record MountedVolume(string HostPath, bool ReadOnly);

/// <summary>
/// The volumes of one pod. <see cref="SetUpAsync"/> is safe to repeat: it also brings files up to date after an object changed, and rotates tokens when 80 % of
/// their life is over. Not thread-safe: one call at a time.
/// </summary>
public sealed class PodVolumes(PodDirectory directory, IConfigSource source, IPodTokenSource tokens, TimeProvider time) : IPodVolumes
{
    private readonly SmallMap<(PodToken Token, DateTimeOffset RenewAt)> _tokens = new();

    /// <inheritdoc/>
    public DateTimeOffset? RefreshAt => _tokens.Count == 0 ? null : _tokens.Values.Min(t => t.RenewAt);

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, MountedVolume>> SetUpAsync(Pod pod, DownwardFacts facts, CancellationToken cancel)
    {
        var result = new SmallMap<MountedVolume>();
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            try
            {
                result[volume.Name] = await SetUpAsync(pod, volume, facts, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                throw new VolumeException(volume.Name, e.Message);
            }
        }
        return result;
    }

    private async Task<MountedVolume> SetUpAsync(Pod pod, Volume volume, DownwardFacts facts, CancellationToken cancel)
    {
        var payload = new VolumePayload(pod, volume, source, facts);
        switch (volume)
        {
            case { EmptyDir: { } emptyDir }: return new MountedVolume(EmptyDir(pod, volume.Name, emptyDir), false);
            case { HostPath: { } hostPath }: return new MountedVolume(HostPath(volume.Name, hostPath), false);
            case { ConfigMap: { } map }:
                payload.AddConfigMap(map.Name, map.Items, map.DefaultMode, map.Optional == true);
                return Write(pod, "configmap", volume.Name, payload);
            case { Secret: { } secret }:
                payload.AddSecret(secret.SecretName, secret.Items, secret.DefaultMode, secret.Optional == true);
                return Write(pod, "secret", volume.Name, payload);
            case { DownwardAPI: { } downward }:
                payload.AddDownward(downward.Items, downward.DefaultMode);
                return Write(pod, "downward-api", volume.Name, payload);
            case { Projected: { } projected }:
                await Project(pod, volume.Name, projected, payload, cancel).ConfigureAwait(false);
                return Write(pod, "projected", volume.Name, payload);
            case { PersistentVolumeClaim: not null }: throw new VolumeException(volume.Name, "persistentVolumeClaim volumes are not supported by this node yet");
            default: throw new VolumeException(volume.Name, "no volume plugin matched");
        }
    }

    private async Task Project(Pod pod, string name, ProjectedVolumeSource projected, VolumePayload payload, CancellationToken cancel)
    {
        var mode = projected.DefaultMode;
        foreach (var part in projected.Sources ?? [])
        {
            if (part.ConfigMap is { } map) payload.AddConfigMap(map.Name, map.Items, mode, map.Optional == true);
            else if (part.Secret is { } secret) payload.AddSecret(secret.Name, secret.Items, mode, secret.Optional == true);
            else if (part.DownwardAPI is { } downward) payload.AddDownward(downward.Items, mode);
            else if (part.ServiceAccountToken is { } token) payload.AddToken(token.Path, (await Token(pod, name, token, cancel).ConfigureAwait(false)).Token, mode);
            else throw new VolumeException(name, "this source of a projected volume is not supported");
        }
    }

    private async Task<PodToken> Token(Pod pod, string volume, ServiceAccountTokenProjection projection, CancellationToken cancel)
    {
        var key = $"{volume}/{projection.Path}";
        var now = time.GetUtcNow();
        if (_tokens.TryGetValue(key, out var known) && known.RenewAt > now) return known.Token;
        var lifetime = TimeSpan.FromSeconds(projection.ExpirationSeconds ?? 3600);
        var token = await tokens.GetAsync(pod, projection.Audience.Length > 0 ? [projection.Audience] : [], lifetime, cancel).ConfigureAwait(false);
        // As the kubelet: at 80 % of the life, and at the latest after a day.
        var renew = TimeSpan.FromTicks(Math.Min((token.Expires - now).Ticks / 10 * 8, TimeSpan.FromHours(24).Ticks));
        _tokens[key] = (token, now + renew);
        return token;
    }

    private MountedVolume Write(Pod pod, string plugin, string name, VolumePayload payload)
    {
        var path = directory.Volume(plugin, name);
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)0x1FF);
        AtomicWriter.Write(path, payload.Files, pod.Spec.SecurityContext?.FSGroup, time.GetUtcNow());
        return new MountedVolume(path, true);
    }

    private string EmptyDir(Pod pod, string name, EmptyDirVolumeSource emptyDir)
    {
        var path = directory.Volume("empty-dir", name);
        var fresh = !Directory.Exists(path);
        Directory.CreateDirectory(path);
        if (emptyDir.Medium == "Memory" && !LinuxFiles.IsMountPoint(path)) LinuxFiles.MountTmpfs(path, emptyDir.SizeLimit is { IsZero: false } size ? size.Value : null);
        if (!fresh) return path;
        // Like the kubelet, whatever the umask: everyone may write (in memory with the sticky bit that tmpfs comes with); an fsGroup owns it and passes itself on to new files.
        var mode = emptyDir.Medium == "Memory" ? 0x3FF : 0x1FF;
        var group = pod.Spec.SecurityContext?.FSGroup;
        if (group is { } gid) LinuxFiles.SetGroup(path, (uint)gid);
        File.SetUnixFileMode(path, (UnixFileMode)(mode | (group is null ? 0 : 0x400)));
        return path;
    }

    private static string HostPath(string volume, HostPathVolumeSource source)
    {
        var kind = LinuxFiles.KindOf(source.Path);
        switch (source.Type ?? "")
        {
            case "" or "DirectoryOrCreate" when kind == FileKind.Missing:
                Directory.CreateDirectory(source.Path, (UnixFileMode)0x1ED);
                return source.Path;
            case "FileOrCreate" when kind == FileKind.Missing:
                File.WriteAllBytes(source.Path, []);
                File.SetUnixFileMode(source.Path, (UnixFileMode)0x1A4);
                return source.Path;
            case "": return source.Path;
            case "Directory" or "DirectoryOrCreate": return Require(kind == FileKind.Directory, "directory");
            case "File" or "FileOrCreate": return Require(kind == FileKind.File, "file");
            case "Socket": return Require(kind == FileKind.Socket, "socket file");
            case "CharDevice": return Require(kind == FileKind.CharDevice, "character device");
            case "BlockDevice": return Require(kind == FileKind.BlockDevice, "block device");
            default: throw new VolumeException(volume, $"hostPath type check failed: {source.Type} is an invalid volume type");
        }

        string Require(bool ok, string what) => ok ? source.Path : throw new VolumeException(volume, $"hostPath type check failed: {source.Path} is not a {what}");
    }
}
