using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Orchestrator.Api.Requests;

namespace Orchestrator.Api.Health;

/// <summary>What the API server has been asked, counted under kube-apiserver's names and shown in Prometheus' text form at <c>/metrics</c>. Thread-safe.</summary>
internal sealed class RequestMetrics
{
    private readonly record struct Asked(string Verb, string Group, string Version, string Resource, string Subresource, string Scope);

    private static readonly double[] Bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    private readonly ConcurrentDictionary<Asked, Answers> _answers = new();
    private long _reading;
    private long _writing;

    /// <summary>A request begins; whoever calls this calls <see cref="End"/> once.</summary>
    public void Begin(string method) => Interlocked.Increment(ref InFlight(method));

    /// <summary>A request has been answered. Watches count, but how long they last says nothing; <paramref name="request"/> is null for one that could not be read.</summary>
    public void End(string method, ApiRequest? request, int code, TimeSpan took)
    {
        Interlocked.Decrement(ref InFlight(method));
        if (request is not { IsResource: true }) return;
        var scope = request.Name.Length > 0 ? "resource" : request.Namespace.Length > 0 ? "namespace" : "cluster";
        var answers = _answers.GetOrAdd(new Asked(Method(request.Verb), request.Group, request.Version, request.Resource, request.Subresource, scope), static _ => new Answers());
        Interlocked.Increment(ref answers.Codes.GetOrAdd(code, static _ => new StrongCount()).Value);
        if (request.Verb != "watch") answers.Durations.Add(took.TotalSeconds);
    }

    /// <summary>Everything, as text.</summary>
    public string Write()
    {
        var text = new StringBuilder();
        Head(text, "apiserver_request_total", "counter", "Requests by what they asked for and how they were answered.");
        var known = _answers.OrderBy(a => a.Key.ToString(), StringComparer.Ordinal).ToList();
        foreach (var (asked, code, count) in known.SelectMany(a => a.Value.Codes.OrderBy(c => c.Key).Select(c => (a.Key, c.Key, c.Value))))
            text.Append(CultureInfo.InvariantCulture, $"apiserver_request_total{{code=\"{code}\",component=\"apiserver\",dry_run=\"\",{Labels(asked)}}} {count.Value}\n");
        Head(text, "apiserver_request_duration_seconds", "histogram", "How long answers took, in seconds.");
        foreach (var (asked, answers) in known.Where(a => a.Key.Verb != "WATCH")) answers.Durations.Write(text, $"component=\"apiserver\",dry_run=\"\",{Labels(asked)}");
        Head(text, "apiserver_current_inflight_requests", "gauge", "Requests that are being answered.");
        text.Append(CultureInfo.InvariantCulture, $"apiserver_current_inflight_requests{{request_kind=\"mutating\"}} {Interlocked.Read(ref _writing)}\n");
        text.Append(CultureInfo.InvariantCulture, $"apiserver_current_inflight_requests{{request_kind=\"readOnly\"}} {Interlocked.Read(ref _reading)}\n");
        Head(text, "process_resident_memory_bytes", "gauge", "Memory that the process holds, in bytes.");
        text.Append(CultureInfo.InvariantCulture, $"process_resident_memory_bytes {Environment.WorkingSet}\n");
        Head(text, "process_cpu_seconds_total", "counter", "Processor time that the process has used, in seconds.");
        text.Append(CultureInfo.InvariantCulture, $"process_cpu_seconds_total {Environment.CpuUsage.TotalTime.TotalSeconds:0.##}\n");
        return text.ToString();
    }

    private ref long InFlight(string method) => ref method is "GET" or "HEAD" ? ref _reading : ref _writing;

    private static string Method(string verb) => verb switch
    {
        "get" => "GET",
        "list" => "LIST",
        "watch" => "WATCH",
        "create" => "POST",
        "update" => "PUT",
        "patch" => "PATCH",
        "delete" => "DELETE",
        _ => verb.ToUpperInvariant(),
    };

    private static string Labels(Asked asked) =>
        $"group=\"{asked.Group}\",resource=\"{asked.Resource}\",scope=\"{asked.Scope}\",subresource=\"{asked.Subresource}\",verb=\"{asked.Verb}\",version=\"{asked.Version}\"";

    private static void Head(StringBuilder text, string name, string type, string help) => text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    /// <summary>How one kind of request was answered.</summary>
    private sealed class Answers
    {
        public ConcurrentDictionary<int, StrongCount> Codes { get; } = new();

        public Durations Durations { get; } = new();
    }

    private sealed class StrongCount
    {
        public long Value;
    }

    private sealed class Durations
    {
        private readonly long[] _counts = new long[Bounds.Length + 1];
        private double _sum;

        public void Add(double seconds)
        {
            var at = 0;
            while (at < Bounds.Length && seconds > Bounds[at]) at++;
            lock (_counts)
            {
                _counts[at]++;
                _sum += seconds;
            }
        }

        public void Write(StringBuilder text, string labels)
        {
            lock (_counts)
            {
                var total = 0L;
                for (var i = 0; i < Bounds.Length; i++)
                    text.Append(CultureInfo.InvariantCulture, $"apiserver_request_duration_seconds_bucket{{{labels},le=\"{Bounds[i]}\"}} {total += _counts[i]}\n");
                total += _counts[^1];
                text.Append(CultureInfo.InvariantCulture, $"apiserver_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} {total}\napiserver_request_duration_seconds_sum{{{labels}}} {_sum:0.######}\n");
                text.Append(CultureInfo.InvariantCulture, $"apiserver_request_duration_seconds_count{{{labels}}} {total}\n");
            }
        }
    }
}
