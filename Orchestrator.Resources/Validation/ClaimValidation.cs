using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Quantities;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of a PersistentVolumeClaim's spec, in a claim or in a template of one.</summary>
internal static class ClaimValidation
{
    private static readonly string[] AccessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    /// <summary>A claim's spec.</summary>
    public static void Spec(Field spec, FieldErrors errors)
    {
        var modes = spec["accessModes"];
        if (modes.Count == 0) errors.Required(modes, "at least 1 access mode is required");
        Modes(modes, errors);
        LabelSelectorValidation.Selector(spec["selector"], errors);
        var storage = spec["resources"]["requests"]["storage"];
        var path = spec["resources"].Path.Key("storage").ToString();
        if (!storage.Exists) errors.Required(path);
        else if (Quantity.TryParse(storage.Text, out var size) && size.Sign <= 0) errors.Invalid(path, size.ToString(), "must be greater than zero");
        var storageClass = spec["storageClassName"];
        if (storageClass.Text.Length > 0) errors.Invalid(storageClass, NameFormats.Dns1123Subdomain(storageClass.Text));
        if (spec["volumeMode"].Exists && spec["volumeMode"].Text is not ("Block" or "Filesystem")) errors.NotSupported(spec["volumeMode"], ["Block", "Filesystem"]);
    }

    /// <summary>A list of access modes, each of them known; ReadWriteOncePod stands alone.</summary>
    public static void Modes(Field modes, FieldErrors errors)
    {
        foreach (var mode in modes.Items)
            if (!AccessModes.Contains(mode.Text)) errors.NotSupported(modes.Path.ToString(), mode.Text, AccessModes);
        if (modes.Count > 1 && modes.Items.Any(m => m.Text == "ReadWriteOncePod"))
            errors.Forbidden(modes, "may not use ReadWriteOncePod with other access modes");
    }
}
