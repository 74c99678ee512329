using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Actors.Certificates;

/// <summary>Subjects of Kubernetes client certificates: the common name is the user, each organisation a group.</summary>
public static class SubjectNames
{
    private const string CommonNameOid = "2.5.4.3";
    private const string OrganizationOid = "2.5.4.10";

    /// <summary>User and groups that a certificate names.</summary>
    public static (string User, IReadOnlyList<string> Groups) Of(X509Certificate2 certificate) => Read(certificate.SubjectName);

    /// <summary>The subject of a user in groups.</summary>
    public static X500DistinguishedName Build(string user, IReadOnlyList<string> groups)
    {
        var builder = new X500DistinguishedNameBuilder();
        foreach (var group in groups) builder.AddOrganizationName(group);
        builder.AddCommonName(user);
        return builder.Build();
    }

    /// <summary>Reads <see cref="Build"/> back; parts of other kinds mean nothing.</summary>
    public static (string User, IReadOnlyList<string> Groups) Read(X500DistinguishedName subject)
    {
        var user = "";
        var groups = new List<string>();
        foreach (var part in subject.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements) continue;
            var value = part.GetSingleElementValue() ?? "";
            switch (part.GetSingleElementType().Value)
            {
                case CommonNameOid: user = value; break;
                case OrganizationOid: groups.Add(value); break;
            }
        }
        return (user, groups);
    }
}
