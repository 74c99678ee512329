using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orchestrator.Api.Hosting;

/// <summary>
/// The process's logging for the web server, without the host's log of requests: where that could be written, the host makes an activity and a scope for every request, and the
/// gateway logs requests itself. What is lent is not disposed of.
/// </summary>
internal sealed class HostLogging(ILoggerFactory lent) : ILoggerFactory
{
    private const string RequestLog = "Microsoft.AspNetCore.Hosting.Diagnostics";

    public ILogger CreateLogger(string categoryName) => categoryName == RequestLog ? NullLogger.Instance : lent.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => lent.AddProvider(provider);

    public void Dispose()
    {
    }
}
