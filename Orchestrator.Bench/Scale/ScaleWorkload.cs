namespace Orchestrator.Bench.Scale;

/// <summary>The objects that a scale run creates.</summary>
internal static class ScaleWorkload
{
    private const string Spec = """
        {"containers":[{"name":"app","image":"registry.example/app:1","ports":[{"containerPort":8080}],"env":[{"name":"MODE","value":"production"}],
          "resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"memory":"256Mi"} } }] }
        """;

    /// <summary>How many of so many pods the i-th of so many Deployments has.</summary>
    public static int Replicas(int pods, int deployments, int i) => pods / deployments + (i < pods % deployments ? 1 : 0);

    /// <summary>A Deployment.</summary>
    public static string Deployment(string name, int replicas) => $$$"""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"{{{name}}}","labels":{"app":"{{{name}}}"}},"spec":{"replicas":{{{replicas}}},"selector":{"matchLabels":{"app":"{{{name}}}"}},
         "template":{"metadata":{"labels":{"app":"{{{name}}}"}},"spec":{{{Spec}}} } } }
        """;

    /// <summary>A pod of nobody's.</summary>
    public static string Pod(string name) => $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{"app":"paced"}},"spec":{{{Spec}}} }""";
}
