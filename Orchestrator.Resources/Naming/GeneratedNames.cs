namespace Orchestrator.Resources.Naming;

/// <summary>Random name endings as Kubernetes makes them (k8s.io/apiserver/pkg/storage/names, k8s.io/apimachinery/pkg/util/rand).</summary>
public static class GeneratedNames
{
    /// <summary>No vowels and nothing that looks like one, so that no word appears by chance.</summary>
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    private const int SuffixLength = 5;
    private const int MaxLength = 63;

    /// <summary>A name for <c>metadata.generateName</c>: the prefix, cut so that the whole stays within 63 characters, and five random characters.</summary>
    public static string FromPrefix(string prefix, Random random) =>
        string.Concat(prefix.AsSpan(0, Math.Min(prefix.Length, MaxLength - SuffixLength)), Random(SuffixLength, random));

    /// <summary><paramref name="length"/> random characters that are safe in a DNS label.</summary>
    public static string Random(int length, Random random) =>
        string.Create(length, random, static (span, source) =>
        {
            foreach (ref var c in span) c = Alphabet[source.Next(Alphabet.Length)];
        });

    /// <summary>A hash's digits in the safe alphabet, as in <c>pod-template-hash</c>: each character of <paramref name="text"/> maps to one of ours.</summary>
    public static string SafeEncode(string text) =>
        string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = Alphabet[source[i] % Alphabet.Length];
        });
}
