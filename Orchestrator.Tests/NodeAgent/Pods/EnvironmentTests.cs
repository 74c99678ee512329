using Orchestrator.NodeAgent.Pods;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Shouldly;
using Xunit;
using static Orchestrator.Tests.NodeAgent.Pods.PodBuilder;

namespace Orchestrator.Tests.NodeAgent.Pods;

public sealed class EnvironmentTests
{
    private static readonly DownwardFacts Facts = new("10.244.0.2", "192.168.0.1", "node-1", 4000, 8L << 30, 100L << 30);

    // The table of upstream's expansion tests.
    [Theory]
    [InlineData("$(VAR_A)", "A")]
    [InlineData("___$(VAR_B)___", "___B___")]
    [InlineData("$$(VAR_A)", "$(VAR_A)")]
    [InlineData("$$$(VAR_A)", "$A")]
    [InlineData("$$$$(VAR_A)", "$$(VAR_A)")]
    [InlineData("$(VAR_UNKNOWN)", "$(VAR_UNKNOWN)")]
    [InlineData("$(VAR_A", "$(VAR_A")]
    [InlineData("$VAR_A", "$VAR_A")]
    [InlineData("f$", "f$")]
    [InlineData("$(VAR_A)$(VAR_B)", "AB")]
    [InlineData("$((VAR_A))", "$((VAR_A))")]
    public void Variables_expand_as_upstream(string text, string expected) =>
        VariableExpansion.Expand(text, name => name switch { "VAR_A" => "A", "VAR_B" => "B", _ => null }).ShouldBe(expected);

    [Fact]
    public void Later_sources_win_and_values_see_what_came_before()
    {
        var container = Container("main");
        container.EnvFrom = [new EnvFromSource { ConfigMapRef = new ConfigMapEnvSource { Name = "cm" } }];
        container.Env = [new EnvVar { Name = "URL", Value = "http://$(FOO_SERVICE_HOST)/$(key)" }, new EnvVar { Name = "key", Value = "own" }];
        var result = EnvironmentBuilder.Build(Pod(), container, Facts, new Dictionary<string, string> { ["FOO_SERVICE_HOST"] = "10.0.0.1" }, new Source());
        result["URL"].ShouldBe("http://10.0.0.1/value");
        result["key"].ShouldBe("own");
    }

    [Theory]
    [InlineData("missing", "key", "configmap \"missing\" not found")]
    [InlineData("cm", "other", "couldn't find key other in ConfigMap default/cm")]
    public void A_missing_key_is_refused_in_the_kubelets_words(string name, string key, string message)
    {
        var container = Container("main");
        container.Env = [new EnvVar { Name = "X", ValueFrom = new EnvVarSource { ConfigMapKeyRef = new ConfigMapKeySelector { Name = name, Key = key } } }];
        Should.Throw<ContainerConfigException>(() => EnvironmentBuilder.Build(Pod(), container, Facts, new Dictionary<string, string>(), new Source())).Message.ShouldBe(message);
        container.Env[0].ValueFrom!.ConfigMapKeyRef!.Optional = true;
        EnvironmentBuilder.Build(Pod(), container, Facts, new Dictionary<string, string>(), new Source()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("limits.cpu", "1", "4")]
    [InlineData("limits.cpu", "1m", "4000")]
    [InlineData("requests.cpu", "1", "1")]
    [InlineData("requests.cpu", "1m", "250")]
    [InlineData("limits.memory", "1Mi", "64")]
    [InlineData("requests.memory", "1", "0")]
    public void Resources_are_divided_and_rounded_up(string resource, string divisor, string expected)
    {
        var container = Container("main");
        container.Resources.Requests = new() { ["cpu"] = Quantity.Parse("250m") };
        container.Resources.Limits = new() { ["memory"] = Quantity.Parse("64Mi") };
        DownwardFields.Resource(container, Facts, new ResourceFieldSelector { Resource = resource, Divisor = Quantity.Parse(divisor) }).ShouldBe(expected);
    }

    [Fact]
    public void Services_are_named_in_the_environment()
    {
        var service = new Service();
        (service.Metadata.Name, service.Metadata.Namespace, service.Spec.ClusterIP) = ("my-db", "default", "10.96.0.7");
        service.Spec.Ports = [new ServicePort { Name = "sql", Port = 5432, Protocol = "TCP" }];
        var env = ServiceEnvironment.For("default", true, [service]);
        env["MY_DB_SERVICE_HOST"].ShouldBe("10.96.0.7");
        env["MY_DB_SERVICE_PORT_SQL"].ShouldBe("5432");
        env["MY_DB_PORT_5432_TCP"].ShouldBe("tcp://10.96.0.7:5432");
        ServiceEnvironment.For("default", false, [service]).ShouldBeEmpty();
        ServiceEnvironment.For("other", true, [service]).ShouldBeEmpty();
    }

    private sealed class Source : IConfigSource
    {
        public ConfigMap? ConfigMap(string ns, string name) => name == "cm" ? new ConfigMap { Data = new() { ["key"] = "value" } } : null;

        public Secret? Secret(string ns, string name) => null;
    }
}
