using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Orchestrator.Api.Outbound;
using Orchestrator.Api.Responses;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Admission;

/// <summary>A webhook could not be asked, or its answer not understood: what <c>failurePolicy</c> is about.</summary>
internal sealed class WebhookCallException(string webhook, string why) : Exception($"failed calling webhook \"{webhook}\": {why}");

/// <summary>Posts JSON to a webhook and reads what it answers, within its time.</summary>
internal sealed class WebhookCaller(OutboundClients clients, TimeProvider time)
{
    private const int LargestAnswer = 10 * 1024 * 1024;

    /// <summary>Asks. Throws <see cref="WebhookCallException"/>, and <see cref="StatusException"/> 400 for a dry run that the webhook cannot keep from having effects.</summary>
    public async Task<AdmissionAnswer> AskAsync(Webhook webhook, AdmissionAttributes request, Func<string, string, JsonObject> review, CancellationToken cancel)
    {
        if (request.DryRun && webhook.HasSideEffects) throw ApiStatus.BadRequest($"admission webhook \"{webhook.Name}\" does not support dry run").AsException();
        if (webhook.ReviewVersion.Length == 0) throw new WebhookCallException(webhook.Name, "webhook does not accept known AdmissionReview versions (v1, v1beta1)");
        var uid = Guid.NewGuid().ToString();
        try
        {
            var body = await PostAsync(webhook.Client, webhook.Timeout, review(webhook.ReviewVersion, uid), cancel);
            return AdmissionReview.Answer(body.Span, webhook.ReviewVersion, uid, webhook.IsMutating);
        }
        catch (IOException e)
        {
            throw new WebhookCallException(webhook.Name, $"failed to call webhook: {e.Message}");
        }
        catch (FormatException e)
        {
            throw new WebhookCallException(webhook.Name, e.Message);
        }
    }

    /// <summary>Posts one document and returns the body of a successful answer. Throws <see cref="IOException"/> with what went wrong, in Go's words where its users look for them.</summary>
    public async Task<ReadOnlyMemory<byte>> PostAsync(WebhookClient target, TimeSpan timeout, JsonObject document, CancellationToken cancel)
    {
        var url = new UriBuilder(target.Url) { Query = $"timeout={(int)timeout.TotalSeconds}s" }.Uri;
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(RelaxedJson.Bytes(document)) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await clients.For(target).SendAsync(request, either.Token);
            await response.Content.LoadIntoBufferAsync(LargestAnswer, either.Token);
            var body = await response.Content.ReadAsByteArrayAsync(either.Token);
            if (!response.IsSuccessStatusCode) throw new IOException($"an error on the server (\"{System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 512))).Trim()}\") has prevented the request from succeeding, code {(int)response.StatusCode}");
            return body;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new IOException($"Post \"{url}\": context deadline exceeded");
        }
        catch (HttpRequestException e)
        {
            throw new IOException($"Post \"{url}\": {e.InnerException?.Message ?? e.Message}");
        }
    }
}
