using Microsoft.Extensions.Configuration;
using Orchestrator.Engine.Configuration;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Configuration;

public sealed class HoconConfigurationTests
{
    [Fact]
    public void The_defaults_alone_are_a_configuration()
    {
        var configuration = Build("");
        configuration["orchestrator:network:cluster-cidr"].ShouldBe("10.244.0.0/16");
        configuration.GetTimeSpan("orchestrator.journal.retention").ShouldBe(TimeSpan.FromHours(1));
        configuration.GetInt("orchestrator.node.max-pods").ShouldBe(110);
        configuration.GetTexts("orchestrator.node.taints").ShouldBeEmpty();
        configuration.GetMap("orchestrator.node.labels").ShouldBeEmpty();
    }

    [Fact]
    public void A_users_value_overrides_the_default_and_a_list_replaces_a_list()
    {
        var configuration = Build("""
            orchestrator.node { max-pods = 20, labels { "topology.kubernetes.io/zone" = west, Tier = gold } }
            orchestrator.node.taints = ["a=b:NoSchedule", "c:NoExecute"]
            orchestrator.api { extra-names = [one, two], extra-names = [] }
            akka.cluster.sharding.passivate-idle-entity-after = off
            """);
        configuration.GetInt("orchestrator.node.max-pods").ShouldBe(20);
        configuration.GetSection("orchestrator:node").GetTimeSpan("status-interval").ShouldBe(TimeSpan.FromSeconds(10));
        configuration.GetMap("orchestrator.node.labels").ShouldBe(new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = "west", ["Tier"] = "gold" }, ignoreOrder: true);
        configuration.GetTexts("orchestrator.api.extra-names").ShouldBeEmpty();
        configuration.GetTexts("orchestrator.node.taints").Count.ShouldBe(2);
        configuration.GetTimeSpan("akka.cluster.sharding.passivate-idle-entity-after").ShouldBe(Timeout.InfiniteTimeSpan);
    }

    [Theory]
    [InlineData("orchestrator {\n  node {\n    max-pds = 5\n  }\n}", 3, "unknown key orchestrator.node.max-pds; did you mean orchestrator.node.max-pods?")]
    [InlineData("\norchestrator.nodes.name = x", 2, "unknown key orchestrator.nodes; did you mean orchestrator.node?")]
    [InlineData("aka.loglevel = x", 1, "unknown key aka; did you mean akka?")]
    [InlineData("orchestrator.node.max-pods = many", 1, "orchestrator.node.max-pods must be a whole number, not many")]
    [InlineData("orchestrator.journal.retention = soon", 1, "orchestrator.journal.retention must be a duration such as 10s, 500ms or infinite, not soon")]
    [InlineData("orchestrator.node = x", 1, "orchestrator.node must be a block")]
    [InlineData("orchestrator.node.taints = x", 1, "orchestrator.node.taints must be a list")]
    [InlineData("orchestrator.api.port { x = 1 }", 1, "orchestrator.api.port must be a single value")]
    [InlineData("orchestrator.node.labels { a = 1, A = 2 }", 1, "another spelling")]
    [InlineData("orchestrator.node.labels { \"a:b\" = 1 }", 1, "may not hold a colon")]
    public void A_wrong_key_or_value_is_told_with_its_place(string text, int line, string problem)
    {
        var error = Should.Throw<HoconException>(() => Build(text));
        error.Message.ShouldStartWith($"user.hocon:{line}: ");
        error.Message.ShouldContain(problem);
    }

    [Fact]
    public void An_unfit_value_that_only_its_reader_can_tell_names_its_place_too() =>
        Should.Throw<HoconException>(() => Build("\norchestrator.node.name = abc").GetInt("orchestrator.node.name"))
            .Message.ShouldBe("user.hocon:2: orchestrator.node.name must be a whole number, not \"abc\"");

    [Theory]
    [InlineData("limit = 5 MiB", null)]
    [InlineData("limit = 3 miles", "limit must be a size such as 128 KiB or 3MiB, not 3 miles")]
    [InlineData("strict = yes", null)]
    [InlineData("strict = perhaps", "strict must be true or false, not perhaps")]
    public void The_form_of_a_default_is_asked_of_what_replaces_it(string text, string? problem)
    {
        var schema = new ConfigurationSchema(Hocon.Read("defaults", "limit = 3MiB, strict = true", _ => null));
        var check = () => schema.Check(Hocon.Read("user", text, _ => null));
        if (problem is null) check.ShouldNotThrow();
        else check.ShouldThrow<HoconException>().Message.ShouldBe($"user:1: {problem}");
    }

    [Fact]
    public void A_file_that_is_missing_is_named() =>
        Should.Throw<HoconException>(() => HoconConfiguration.Load("/nowhere/x.hocon")).Message.ShouldContain("/nowhere/x.hocon:1: cannot be read");

    [Fact]
    public void The_file_for_one_member_is_valid_and_takes_the_environment()
    {
        var path = Path.Combine(RepositoryRoot(), "hocon", "single.hocon");
        HoconConfiguration.Load(path).GetInt("orchestrator.node.max-pods").ShouldBe(110);
        var configuration = HoconConfiguration.Build([(path, File.ReadAllText(path))], name => name == "ORCHESTRATOR_PORT" ? "7443" : null);
        configuration.GetInt("orchestrator.api.port").ShouldBe(7443);
        configuration.GetText("orchestrator.node.name").ShouldBe("");
    }

    [Fact]
    public void The_built_in_reference_is_the_file_and_each_key_of_it_has_a_comment()
    {
        var text = File.ReadAllText(Path.Combine(RepositoryRoot(), "hocon", "reference.hocon"));
        HoconConfiguration.Reference.ShouldBe(text);
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Contains(" = ", StringComparison.Ordinal) && !lines[i].TrimStart().StartsWith('#')) lines[i - 1].TrimStart().ShouldStartWith("#", customMessage: lines[i]);
        }
    }

    private static IConfigurationRoot Build(string text) => HoconConfiguration.Build([("user.hocon", text)], _ => null);

    private static string RepositoryRoot([System.Runtime.CompilerServices.CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
