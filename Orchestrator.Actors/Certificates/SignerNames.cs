namespace Orchestrator.Actors.Certificates;

/// <summary>The signers that the cluster's own authority serves, as upstream names them.</summary>
public static class SignerNames
{
    /// <summary>Client certificates of nodes: approved automatically where the rules hold.</summary>
    public const string KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";

    /// <summary>Serving certificates of nodes: approved by an administrator.</summary>
    public const string KubeletServing = "kubernetes.io/kubelet-serving";

    /// <summary>Client certificates of anybody: approved by an administrator.</summary>
    public const string Client = "kubernetes.io/kube-apiserver-client";

    /// <summary>Whether the cluster's authority signs for it.</summary>
    public static bool IsOurs(string signer) => signer is KubeletClient or KubeletServing or Client;
}
