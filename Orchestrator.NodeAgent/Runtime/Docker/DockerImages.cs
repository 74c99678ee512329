using System.Text;
using System.Text.Json;
using Orchestrator.NodeAgent.Images;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>The engine's images.</summary>
internal sealed class DockerImages(DockerClient client)
{
    public async Task<ImageState?> FindAsync(string image, CancellationToken cancel)
    {
        var found = await client.FindAsync($"/images/{Path(image)}/json", DockerJson.Default.ImageInspection, cancel).ConfigureAwait(false);
        return found is null ? null : new ImageState(found.Id, Known(found.RepoTags), Known(found.RepoDigests), found.Size, found.Config?.User ?? "");
    }

    /// <summary>Pulls and returns the image. The registry's refusal may come as an HTTP code or in the middle of the progress.</summary>
    public async Task<ImageState> PullAsync(string image, RegistryCredentials? credentials, CancellationToken cancel)
    {
        if (!ImageReference.TryParse(image, out var reference, out var invalid))
        {
            throw new RuntimeException(invalid, 400);
        }

        var from = reference!.Digest is not null ? $"{reference.Repository}@{reference.Digest}" : reference.Repository;
        var tag = reference.Digest is null ? $"&tag={Uri.EscapeDataString(reference.Tag!)}" : "";
        var auth = credentials is null ? null : Base64Url(JsonSerializer.SerializeToUtf8Bytes(
            new RegistryAuth(credentials.Username, credentials.Password, credentials.ServerAddress), DockerJson.Default.RegistryAuth));
        using (var progress = await client.StreamAsync(HttpMethod.Post, $"/images/create?fromImage={Uri.EscapeDataString(from)}{tag}", null, auth, cancel).ConfigureAwait(false))
        {
            await ReadProgressAsync(progress.Body, cancel).ConfigureAwait(false);
        }

        return await FindAsync(image, cancel).ConfigureAwait(false) ?? throw new RuntimeException($"image {image} was pulled and is not there", 404);
    }

    /// <summary>Makes an image of one layer from a tar.</summary>
    public async Task ImportAsync(byte[] tar, string repository, string tag, string change, CancellationToken cancel)
    {
        var path = $"/images/create?fromSrc=-&repo={Uri.EscapeDataString(repository)}&tag={Uri.EscapeDataString(tag)}&changes={Uri.EscapeDataString(change)}";
        using var body = new ByteArrayContent(tar);
        body.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/x-tar");
        using var progress = await client.StreamAsync(HttpMethod.Post, path, body, null, cancel).ConfigureAwait(false);
        await ReadProgressAsync(progress.Body, cancel).ConfigureAwait(false);
    }

    /// <summary>Gives an image a further name.</summary>
    public Task TagAsync(string image, string repository, string tag, CancellationToken cancel) =>
        client.SendAsync(HttpMethod.Post, $"/images/{Path(image)}/tag?repo={Uri.EscapeDataString(repository)}&tag={Uri.EscapeDataString(tag)}", cancel);

    public async Task<IReadOnlyList<ImageState>> ListAsync(CancellationToken cancel)
    {
        var images = await client.GetAsync("/images/json", DockerJson.Default.ImageSummaryArray, cancel).ConfigureAwait(false);
        return [.. images.Select(i => new ImageState(i.Id, Known(i.RepoTags), Known(i.RepoDigests), i.Size, ""))];
    }

    /// <summary>Removes every name of the image, and with the last one the image. Nothing happens where it is gone.</summary>
    public async Task RemoveAsync(string imageId, CancellationToken cancel)
    {
        if (await FindAsync(imageId, cancel).ConfigureAwait(false) is not { } image)
        {
            return;
        }

        // An image with several names is not removed by its id, only untagged name by name.
        foreach (var name in image.Tags.Count > 1 ? image.Tags : [imageId])
        {
            try
            {
                await client.SendAsync(HttpMethod.Delete, $"/images/{Path(name)}", cancel).ConfigureAwait(false);
            }
            catch (RuntimeException e) when (e.Code == 404)
            {
                return; // somebody else removed it meanwhile
            }
        }
    }

    private async Task ReadProgressAsync(Stream body, CancellationToken cancel)
    {
        try
        {
            using var reader = new StreamReader(body, Encoding.UTF8);
            while (await reader.ReadLineAsync(cancel).ConfigureAwait(false) is { } line)
            {
                if (line.Length > 0 && JsonSerializer.Deserialize(line, DockerJson.Default.PullProgress)?.Error is { } error)
                {
                    throw new RuntimeException(error);
                }
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw client.Unavailable(e);
        }
    }

    // Slashes separate path segments and must stay; everything else that means something in a URL must not.
    private static string Path(string image) => Uri.EscapeDataString(image).Replace("%2F", "/", StringComparison.Ordinal).Replace("%3A", ":", StringComparison.Ordinal).Replace("%40", "@", StringComparison.Ordinal);

    // The engine's "<none>:<none>" means that there is none.
    private static IReadOnlyList<string> Known(IReadOnlyList<string>? names) => names is null ? [] : [.. names.Where(n => !n.Contains("<none>", StringComparison.Ordinal))];

    private static string Base64Url(byte[] data) => Convert.ToBase64String(data).Replace('+', '-').Replace('/', '_');
}
