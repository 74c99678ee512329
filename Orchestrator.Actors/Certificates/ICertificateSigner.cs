namespace Orchestrator.Actors.Certificates;

/// <summary>The cluster's authority, as the signing loop needs it.</summary>
public interface ICertificateSigner
{
    /// <summary>
    /// A certificate in PEM for the requested subject, names and key. <paramref name="usages"/> are Kubernetes' (<c>digital signature</c>, <c>key encipherment</c>, <c>client auth</c>,
    /// <c>server auth</c>); <paramref name="lifetime"/> is what the requester wants, null for the authority's own, and never more than that.
    /// </summary>
    string Sign(RequestedCertificate requested, IReadOnlyCollection<string> usages, TimeSpan? lifetime);
}
