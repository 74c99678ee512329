using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Requests;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Streaming;

/// <summary>Which streams an exec or attach has. A terminal has no stderr of its own.</summary>
internal readonly record struct CommandStreams(bool Stdin, bool Stdout, bool Stderr, bool Tty)
{
    /// <summary>Reads the query. Throws 400 where it asks for no stream at all.</summary>
    public static CommandStreams Parse(IQueryCollection query)
    {
        var (stdin, stdout, stderr, tty) = (query.Flag("stdin"), query.Flag("stdout"), query.Flag("stderr"), query.Flag("tty"));
        if (!stdin && !stdout && !stderr) throw ApiStatus.BadRequest("you must specify at least one of stdin, stdout, stderr").AsException();
        return new CommandStreams(stdin, stdout, stderr && !tty, tty);
    }

    /// <summary>Those of a request to the node.</summary>
    public static CommandStreams Of(NodeStreamRequest request) => request switch
    {
        ExecRequest exec => new CommandStreams(exec.Stdin, exec.Stdout, exec.Stderr, exec.Tty),
        AttachRequest attach => new CommandStreams(attach.Stdin, attach.Stdout, attach.Stderr, attach.Tty),
        _ => default,
    };
}
