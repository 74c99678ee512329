using System.Text;
using Orchestrator.Actors.Caching;
using Orchestrator.Engine.Persistence;
using Orchestrator.Resources;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Tests.Actors.Caching;

/// <summary>Builds entries and rows for tests of the read model.</summary>
internal static class Entries
{
    /// <summary>A config map entry at a resourceVersion.</summary>
    public static ResourceEntry ConfigMap(string ns, string name, long version = 1) =>
        new(new ResourceKey("configmaps", ns, name), KindCatalog.Default.Get("configmaps"), version, 1, Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}"} }"""));

    /// <summary>A row that writes an object.</summary>
    public static JournalRow Row(long ordering, string id, string operation, string json, long sequenceNr = 1) =>
        new(ordering, id, sequenceNr, operation, Encoding.UTF8.GetBytes(json), DateTimeOffset.UnixEpoch);

    /// <summary>A small pod's stored JSON.</summary>
    public static string Pod(string name, string uid = "u", string labels = "{}", string node = "", string owner = "") =>
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","namespace":"default","uid":"{{{uid}}}","labels":{{{labels}}}{{{(owner.Length == 0 ? "" : $$""","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"rs","uid":"{{owner}}","controller":true}]""")}}}},"spec":{"nodeName":"{{{node}}}","containers":[]},"status":{"phase":"Pending"}}""";
}
