using System.Text.Json.Nodes;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Kinds;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Admission;

/// <summary>What a policy's expressions may cost: each, and all together.</summary>
public class AdmissionPolicyCostTests
{
    private const string OutOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

    // About 630,000 for 250 items.
    private const string Expensive = "object.l.all(a, object.l.all(b, a + b < 1000 && a >= 0))";

    private const string TooExpensive = $"{Expensive} && {Expensive}";

    [Fact]
    public void An_expression_that_costs_too_much_is_an_error_of_its_own() =>
        Check("Fail", [Rule(TooExpensive), Rule("false", "no")]).ShouldBe([$"expression '{TooExpensive}' resulted in error: operation cancelled: actual cost limit exceeded", "no"]);

    [Fact]
    public void Expressions_that_cost_too_much_together_leave_nothing_to_say()
    {
        IReadOnlyList<string> rules = [Rule("false", "no"), .. Enumerable.Repeat(Rule(Expensive), 20)];
        Check("Fail", rules).ShouldBe([OutOfBudget]);
        Check("Ignore", rules).ShouldBeEmpty();
    }

    [Fact]
    public void What_variables_cost_counts()
    {
        var variables = string.Join(',', Enumerable.Range(0, 20).Select(i => $$$$$$"""{"name":"v{{{{{{i}}}}}}","expression":"{{{{{{Expensive}}}}}}"}"""));
        var all = string.Join(" && ", Enumerable.Range(0, 20).Select(i => $"variables.v{i}"));
        Check("Fail", [Rule(all)], variables).ShouldBe([OutOfBudget]);
        Check("Fail", [Rule("variables.v0 && variables.v1")], variables).ShouldBeEmpty(); // each has a limit of its own
    }

    [Fact]
    public void A_message_that_costs_too_much_is_made_up_for_until_all_is_spent()
    {
        string Failing(string message) => $$$$$$"""{"expression":"false","message":"plain","messageExpression":"{{{{{{message}}}}}} ? 'a' : 'b'"}""";
        Check("Fail", [Failing(TooExpensive)]).ShouldBe(["plain"]);
        Check("Fail", [Rule("true"), .. Enumerable.Repeat(Failing(Expensive), 20)]).ShouldBe(Enumerable.Repeat($"failed messageExpression: {OutOfBudget}", 21));
    }

    [Fact]
    public void Conditions_have_less_to_spend()
    {
        string Conditions(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $$$$$$"""{"name":"c{{{{{{i}}}}}}","expression":"{{{{{{Expensive}}}}}}"}"""));
        Check("Fail", [Rule("false", "no")], conditions: Conditions(3)).ShouldBe(["no"]);
        Check("Fail", [Rule("false", "no")], conditions: Conditions(5)).ShouldBe([OutOfBudget]);
        Check("Ignore", [Rule("false", "no")], conditions: Conditions(5)).ShouldBeEmpty();
    }

    private static string Rule(string expression, string message = "") => $$$$$$"""{"expression":"{{{{{{expression}}}}}}","message":"{{{{{{message}}}}}}"}""";

    private static IReadOnlyList<string> Check(string failurePolicy, IReadOnlyList<string> rules, string variables = "", string conditions = "")
    {
        var policy = new AdmissionPolicy(JsonNode.Parse($$$$$$"""{"metadata":{"name":"p"},"spec":{"failurePolicy":"{{{{{{failurePolicy}}}}}}","variables":[{{{{{{variables}}}}}}],"matchConditions":[{{{{{{conditions}}}}}}],"validations":[{{{{{{string.Join(',', rules)}}}}}}]}}""")!.AsObject());
        var obj = new JsonObject { ["l"] = new JsonArray([.. Enumerable.Range(0, 250).Select(i => (JsonNode)i)]) };
        var kind = KindCatalog.Default.Get("configmaps");
        var request = new AdmissionAttributes { Operation = AdmissionAttributes.Create, Resource = kind, Kind = AdmissionKind.Of(kind), UserInfo = [], Object = obj };
        return [.. policy.Check(AdmissionScope.Of(request, obj, null, [], null, (CelAccess _) => (false, ""))).Select(v => v.Message)];
    }
}
