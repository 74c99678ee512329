using System.Text.Json.Nodes;
using Orchestrator.Api.Security;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Security;

public sealed class RbacPolicyTests
{
    private static readonly UserInfo Alice = new("alice", ["dev", UserInfo.Authenticated]);

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    private static JsonObject RoleBinding(string ns, string kind, string role, string subjectKind, string subject) => Json($$"""
        {"metadata":{"name":"b","namespace":"{{ns}}"},"roleRef":{"kind":"{{kind}}","name":"{{role}}"},"subjects":[{"kind":"{{subjectKind}}","name":"{{subject}}"}]}
        """);

    private static AccessAttributes Pods(string verb, string ns, string subresource = "", string name = "") =>
        new(verb) { IsResource = true, Resource = "pods", Namespace = ns, Subresource = subresource, Name = name };

    private static bool Allowed(RbacPolicy policy, UserInfo user, AccessAttributes wanted) => policy.Authorize(user, wanted).Allowed;

    [Fact]
    public void Without_a_binding_an_authenticated_user_may_only_discover()
    {
        var policy = RbacPolicy.Compile([], [], [], []);
        Allowed(policy, Alice, new AccessAttributes("get") { Path = "/apis/apps/v1" }).ShouldBeTrue();
        Allowed(policy, Alice, new AccessAttributes("get") { Path = "/metrics" }).ShouldBeFalse();
        Allowed(policy, Alice, Pods("list", "default")).ShouldBeFalse();
        Allowed(policy, UserInfo.Anonymous, new AccessAttributes("get") { Path = "/version" }).ShouldBeTrue();
        Allowed(policy, UserInfo.Anonymous, new AccessAttributes("get") { Path = "/apis" }).ShouldBeFalse();
    }

    [Fact]
    public void A_role_binding_grants_a_cluster_role_in_its_namespace_only()
    {
        var policy = RbacPolicy.Compile([], [], [], [RoleBinding("team", "ClusterRole", "edit", "Group", "dev")]);
        Allowed(policy, Alice, Pods("create", "team")).ShouldBeTrue();
        Allowed(policy, Alice, Pods("get", "team", "log")).ShouldBeTrue("edit aggregates view");
        Allowed(policy, Alice, Pods("create", "other")).ShouldBeFalse();
        Allowed(policy, Alice, Pods("create", "")).ShouldBeFalse();
        Allowed(policy, Alice, new AccessAttributes("create") { IsResource = true, Group = "rbac.authorization.k8s.io", Resource = "roles", Namespace = "team" }).ShouldBeFalse("that is admin's");
    }

    [Fact]
    public void Resource_names_and_subresources_limit_a_rule()
    {
        var role = Json("""{"metadata":{"name":"r","namespace":"team"},"rules":[{"apiGroups":[""],"resources":["pods/exec"],"resourceNames":["web"],"verbs":["create"]}]}""");
        var policy = RbacPolicy.Compile([], [], [role], [RoleBinding("team", "Role", "r", "User", "alice")]);
        Allowed(policy, Alice, Pods("create", "team", "exec", "web")).ShouldBeTrue();
        Allowed(policy, Alice, Pods("create", "team", "exec", "db")).ShouldBeFalse();
        Allowed(policy, Alice, Pods("create", "team", "", "web")).ShouldBeFalse();
    }

    [Fact]
    public void A_service_account_subject_is_its_user()
    {
        var policy = RbacPolicy.Compile([], [], [], [RoleBinding("team", "ClusterRole", "view", "ServiceAccount", "bot")]);
        Allowed(policy, new UserInfo("system:serviceaccount:team:bot", []), Pods("list", "team")).ShouldBeTrue();
        Allowed(policy, new UserInfo("bot", []), Pods("list", "team")).ShouldBeFalse();
    }

    [Fact]
    public void A_stored_role_takes_the_place_of_the_default_one()
    {
        var view = Json("""{"metadata":{"name":"view"},"rules":[]}""");
        var policy = RbacPolicy.Compile([view], [], [], [RoleBinding("team", "ClusterRole", "view", "Group", "dev")]);
        Allowed(policy, Alice, Pods("list", "team")).ShouldBeFalse();
    }

    [Fact]
    public void Roles_that_aggregate_each_other_end()
    {
        static JsonObject Circular(string name, string wants) => Json($$"""
            {"metadata":{"name":"{{name}}","labels":{"l":"{{name}}"} },"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"l":"{{wants}}"} }]} }
            """);
        var policy = RbacPolicy.Compile([Circular("a", "b"), Circular("b", "a")], [], [], [RoleBinding("team", "ClusterRole", "a", "Group", "dev")]);
        Allowed(policy, Alice, Pods("list", "team")).ShouldBeFalse();
    }

    [Fact]
    public void Masters_may_do_everything_and_a_binding_to_a_missing_role_nothing()
    {
        var policy = RbacPolicy.Compile([], [], [], [RoleBinding("team", "Role", "gone", "User", "alice")]);
        var authorizer = new RbacAuthorizer(() => policy);
        authorizer.Authorize(new UserInfo("root", [UserInfo.Masters]), Pods("delete", "kube-system")).Allowed.ShouldBeTrue();
        authorizer.Authorize(Alice, Pods("get", "team")).Allowed.ShouldBeFalse();
    }
}
