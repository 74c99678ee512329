using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation;

/// <summary>
/// The rules every object's metadata obeys (k8s.io/apimachinery/pkg/api/validation/objectmeta.go). The write pipeline calls this for
/// every kind; strategies do not.
/// </summary>
public static class ObjectMetaValidation
{
    private const int MaxAnnotationBytes = 256 * 1024;

    /// <summary>Validates <c>metadata</c> of a new object whose name has been generated.</summary>
    public static void Validate(JsonObject obj, ResourceKind kind, FieldErrors errors)
    {
        var meta = Field.Of(obj)["metadata"];
        var prefix = meta["generateName"];
        if (prefix.Text.Length > 0) errors.Invalid(prefix, kind.NameRule(prefix.Text, isPrefix: true));
        var name = meta["name"];
        if (name.Text.Length == 0) errors.Required(name, "name or generateName is required");
        else errors.Invalid(name, kind.NameRule(name.Text, isPrefix: false));

        var ns = meta["namespace"];
        if (!kind.Namespaced)
        {
            if (ns.Text.Length > 0) errors.Forbidden(ns, "not allowed on this type");
        }
        else if (ns.Text.Length == 0)
        {
            errors.Required(ns);
        }
        else
        {
            errors.Invalid(ns, NameFormats.Dns1123Label(ns.Text));
        }
        errors.NonNegative(meta["generation"]);
        CheckMaps(meta, errors);
        Finalizers(meta["finalizers"], errors);
    }

    /// <summary>
    /// Validates a change of <c>metadata</c>; what the server sets may not differ from <paramref name="old"/>. Whether an update needs a
    /// resourceVersion is the write pipeline's to say, which has taken it out by now.
    /// </summary>
    public static void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        var meta = Field.Of(obj)["metadata"];
        var before = Field.Of(old)["metadata"];
        if (before["deletionTimestamp"].Exists) NoNewFinalizers(meta["finalizers"], before["finalizers"], errors);
        if (meta["generation"].Number < before["generation"].Number) errors.Invalid(meta["generation"], "must not be decremented");
        foreach (var fixedField in (ReadOnlySpan<string>)["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"])
            errors.Immutable(meta[fixedField], before[fixedField]);
        CheckMaps(meta, errors);
        Finalizers(meta["finalizers"], errors);
    }

    /// <summary>Label keys and values, as anywhere labels stand.</summary>
    public static void Labels(Field labels, FieldErrors errors)
    {
        foreach (var (key, value) in labels.Entries)
        {
            LabelKey(labels.Path, key, errors);
            foreach (var problem in NameFormats.LabelValue(value.Text)) errors.Invalid(labels.Path.ToString(), value.Text, problem);
        }
    }

    /// <summary>Annotation keys (case does not count) and the total size.</summary>
    public static void Annotations(Field annotations, FieldErrors errors)
    {
        var size = 0;
        foreach (var (key, value) in annotations.Entries)
        {
            foreach (var problem in NameFormats.QualifiedName(key.ToLowerInvariant())) errors.Invalid(annotations.Path.ToString(), key, problem);
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value.Text);
        }
        if (size > MaxAnnotationBytes) errors.TooLong(annotations.Path.ToString(), MaxAnnotationBytes);
    }

    private static void LabelKey(FieldPath path, string key, FieldErrors errors)
    {
        foreach (var problem in NameFormats.QualifiedName(key)) errors.Invalid(path.ToString(), key, problem);
    }

    private static void CheckMaps(Field meta, FieldErrors errors)
    {
        Labels(meta["labels"], errors);
        Annotations(meta["annotations"], errors);
        OwnerReferences(meta["ownerReferences"], errors);
    }

    private static void OwnerReferences(Field owners, FieldErrors errors)
    {
        string? controller = null;
        foreach (var owner in owners.Items)
        {
            var apiVersion = owner["apiVersion"].Text;
            if (apiVersion.Length == 0 || apiVersion.EndsWith('/')) errors.Invalid(owner["apiVersion"], "version must not be empty");
            foreach (var part in (ReadOnlySpan<string>)["kind", "name", "uid"])
                if (owner[part].Text.Length == 0) errors.Invalid(owner[part], $"{part} must not be empty");
            if (apiVersion == "v1" && owner["kind"].Text == "Event") errors.Invalid(owner, "/v1, Kind=Event is disallowed from being an owner");
            if (!owner["controller"].Flag) continue;
            var name = $"{owner["kind"].Text}/{owner["name"].Text}";
            if (controller is null) controller = name;
            else errors.Invalid(owners, $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {name}");
        }
    }

    private static void Finalizers(Field finalizers, FieldErrors errors)
    {
        var (orphan, foreground) = (false, false);
        foreach (var finalizer in finalizers.Items)
        {
            foreach (var problem in NameFormats.QualifiedName(finalizer.Text)) errors.Invalid(finalizers.Path.ToString(), finalizer.Text, problem);
            orphan |= finalizer.Text == "orphan";
            foreground |= finalizer.Text == "foregroundDeletion";
        }
        if (orphan && foreground) errors.Invalid(finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
    }

    private static void NoNewFinalizers(Field now, Field before, FieldErrors errors)
    {
        var had = before.Items.Select(f => f.Text).ToHashSet(StringComparer.Ordinal);
        var added = now.Items.Select(f => f.Text).Where(f => !had.Contains(f)).Distinct().Order(StringComparer.Ordinal).Select(f => $"\"{f}\"").ToList();
        if (added.Count > 0)
            errors.Forbidden(now, $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{string.Join(", ", added)}}}");
    }
}
