using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Hosting;
using Orchestrator.Api.Requests;
using Orchestrator.Api.Security;
using Orchestrator.Api.Verbs;
using Orchestrator.Resources.Kinds;
using Orchestrator.Tests.Actors.Caching;
using Shouldly;

namespace Orchestrator.Tests.Api.Lists;

public sealed class ListAllocationTests
{
    private const int Few = 1000;
    private const int Many = 10_000;

    private readonly ApiServices _services = new()
    {
        Catalog = KindCatalog.Default,
        Cache = new ResourceCache(KindCatalog.Default, SecretSealer.None),
        Client = null!,
        Streams = null!,
        Authenticator = null!,
        Authorizer = null!,
        Tokens = null!,
        Time = TimeProvider.System,
        Logging = NullLoggerFactory.Instance,
        Stopping = default,
    };

    [Theory]
    [InlineData("")]
    [InlineData("?labelSelector=app!%3Dother")]
    [InlineData("?limit=100000")]
    public void A_list_allocates_no_more_than_a_few_words_per_item(string query)
    {
        Store(1, Few);
        var few = AllocatedBy(query);
        Store(Few + 1, Many);
        var perItem = (AllocatedBy(query) - few) / (double)(Many - Few);
        // A reference in the list of what is shown, and the lists it outgrew. The objects are a few hundred bytes each.
        perItem.ShouldBeLessThan(40);
    }

    private void Store(int from, int to)
    {
        for (var i = from; i <= to; i++) _services.Cache.Fold([Entries.Row(i, $"pods/default/p{i}", ResourceEvent.Create, Entries.Pod($"p{i}"))]);
    }

    private long AllocatedBy(string query)
    {
        List(query);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var written = List(query);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        written.ShouldBeGreaterThan(Few * 100);
        return allocated;
    }

    /// <summary>Serves a list on this thread; the bytes written.</summary>
    private long List(string query)
    {
        var body = new Discarded();
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseBodyFeature>(body);
        context.Request.QueryString = new QueryString(query);
        var request = ApiRequest.Parse("GET", "/api/v1/pods", watch: false);
        ReadEndpoints.ListAsync(new ApiCall(context, request, UserInfo.Anonymous, KindCatalog.Default.Get("pods"), _services)).IsCompletedSuccessfully.ShouldBeTrue();
        return body.Written;
    }

    /// <summary>A response whose bytes go nowhere, through one buffer.</summary>
    private sealed class Discarded : PipeWriter, IHttpResponseBodyFeature
    {
        private readonly byte[] _buffer = new byte[64 * 1024];

        public long Written { get; private set; }

        public Stream Stream => Stream.Null;

        public PipeWriter Writer => this;

        public override void Advance(int bytes) => Written += bytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _buffer;

        public override Span<byte> GetSpan(int sizeHint = 0) => _buffer;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => new(default(FlushResult));

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public void DisableBuffering()
        {
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task CompleteAsync() => Task.CompletedTask;
    }
}
