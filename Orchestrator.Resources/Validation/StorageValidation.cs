using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Quantities;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of the kinds that storage drivers read and write (pkg/apis/storage/validation).</summary>
internal static class StorageValidation
{
    private const int LongestDriver = 63;
    private const int LongestNodeId = 192;
    private const long LongestToken = 1L << 32;

    /// <summary>storage.k8s.io/v1 CSIDriver.</summary>
    public static void Driver(Field obj, FieldErrors errors)
    {
        DriverName(obj["metadata"]["name"], errors);
        var spec = obj["spec"];
        var (audiences, index) = (new HashSet<string>(StringComparer.Ordinal), 0);
        foreach (var request in spec["tokenRequests"].Items)
        {
            var at = $"spec.tokenRequests[{index++}]";
            if (!audiences.Add(request["audience"].Text)) errors.Duplicate($"{at}.audience", request["audience"].Text);
            if (!request["expirationSeconds"].Exists) continue;
            if (request["expirationSeconds"].Number < 600) errors.Invalid($"{at}.expirationSeconds", request["expirationSeconds"].Number, "may not specify a duration less than 10 minutes");
            if (request["expirationSeconds"].Number > LongestToken) errors.Invalid($"{at}.expirationSeconds", request["expirationSeconds"].Number, "may not specify a duration larger than 2^32 seconds");
        }
        foreach (var mode in spec["volumeLifecycleModes"].Items)
            if (mode.Text is not ("Persistent" or "Ephemeral")) errors.NotSupported("spec.volumeLifecycleModes", mode.Text, ["Ephemeral", "Persistent"]);
        if (spec["fsGroupPolicy"].Exists && spec["fsGroupPolicy"].Text is not ("ReadWriteOnceWithFSType" or "File" or "None")) errors.NotSupported(spec["fsGroupPolicy"], ["File", "None", "ReadWriteOnceWithFSType"]);
    }

    /// <summary>How a driver's volumes come into being is fixed.</summary>
    public static void DriverChange(Field now, Field before, FieldErrors errors)
    {
        errors.Immutable(now["spec"]["attachRequired"], before["spec"]["attachRequired"]);
        errors.Immutable(now["spec"]["volumeLifecycleModes"], before["spec"]["volumeLifecycleModes"]);
    }

    /// <summary>storage.k8s.io/v1 CSINode.</summary>
    public static void Node(Field obj, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var driver in obj["spec"]["drivers"].Items)
        {
            DriverName(driver["name"], errors);
            if (driver["name"].Text.Length > 0 && !names.Add(driver["name"].Text)) errors.Duplicate(driver["name"]);
            if (driver["nodeID"].Text.Length == 0) errors.Required(driver["nodeID"]);
            else if (driver["nodeID"].Text.Length > LongestNodeId) errors.Invalid(driver["nodeID"], $"must be {LongestNodeId} characters or less");
            if (driver["allocatable"]["count"].Exists && driver["allocatable"]["count"].Number < 0) errors.Invalid(driver["allocatable"]["count"], "must be greater than or equal to 0");
            var keys = new HashSet<string>(StringComparer.Ordinal);
            foreach (var key in driver["topologyKeys"].Items)
            {
                if (!keys.Add(key.Text)) errors.Duplicate(driver["topologyKeys"].Path.ToString(), key.Text);
                errors.Invalid(key, NameFormats.QualifiedName(key.Text));
            }
        }
    }

    /// <summary>storage.k8s.io/v1 CSIStorageCapacity.</summary>
    public static void Capacity(Field obj, FieldErrors errors)
    {
        errors.Invalid(obj["storageClassName"], NameFormats.Dns1123Subdomain(obj["storageClassName"].Text));
        foreach (var amount in (ReadOnlySpan<string>)["capacity", "maximumVolumeSize"])
            if (obj[amount].Exists && Quantity.TryParse(obj[amount].Text, out var size) && size.Sign < 0) errors.Invalid(obj[amount], "must be greater than or equal to 0");
        if (obj["nodeTopology"].Exists) LabelSelectorValidation.Selector(obj["nodeTopology"], errors);
    }

    /// <summary>What a capacity is about is fixed.</summary>
    public static void CapacityChange(Field now, Field before, FieldErrors errors)
    {
        errors.Immutable(now["nodeTopology"], before["nodeTopology"]);
        errors.Immutable(now["storageClassName"], before["storageClassName"]);
    }

    /// <summary>storage.k8s.io/v1 VolumeAttachment.</summary>
    public static void Attachment(Field obj, FieldErrors errors)
    {
        var (attacher, source) = (obj["spec"]["attacher"], obj["spec"]["source"]);
        if (attacher.Text.Length == 0) errors.Required(attacher);
        else DriverName(attacher, errors);
        var (volume, inline) = (source["persistentVolumeName"], source["inlineVolumeSpec"]);
        if (!volume.Exists && !inline.Exists) errors.Required(source, "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        else if (volume.Exists && inline.Exists) errors.Forbidden(source, "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        else if (volume.Exists && volume.Text.Length == 0) errors.Required(volume, "must specify non empty persistentVolumeName");
        errors.Invalid(obj["spec"]["nodeName"], NameFormats.Dns1123Subdomain(obj["spec"]["nodeName"].Text));
    }

    /// <summary>What is attached where is fixed.</summary>
    public static void AttachmentChange(Field now, Field before, FieldErrors errors) => errors.Immutable(now["spec"], before["spec"]);

    private static void DriverName(Field name, FieldErrors errors)
    {
        if (name.Text.Length == 0) errors.Required(name);
        if (name.Text.Length > LongestDriver) errors.TooLong(name.Path.ToString(), LongestDriver);
        errors.Invalid(name, NameFormats.Dns1123Subdomain(name.Text.ToLowerInvariant()));
    }
}
