using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Quantities;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of a pod's volumes (upstream: ValidateVolumes). The sources of external storage systems are checked for what they require.</summary>
internal static class VolumeValidation
{
    private const int MaxMode = 511; // 0777
    private const string ModeForm = "must be a number between 0 and 0777 (octal), both inclusive";

    private static readonly string[] HostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    /// <summary>Required strings of sources that have no rule of their own.</summary>
    private static readonly Dictionary<string, string[]> RequiredFields = new()
    {
        ["gcePersistentDisk"] = ["pdName"],
        ["awsElasticBlockStore"] = ["volumeID"],
        ["gitRepo"] = ["repository"],
        ["cinder"] = ["volumeID"],
        ["azureFile"] = ["secretName", "shareName"],
        ["azureDisk"] = ["diskName", "diskURI"],
        ["vsphereVolume"] = ["volumePath"],
        ["photonPersistentDisk"] = ["pdID"],
        ["portworxVolume"] = ["volumeID"],
        ["scaleIO"] = ["gateway", "system", "volumeName"],
        ["flexVolume"] = ["driver"],
        ["glusterfs"] = ["endpoints", "path"],
        ["rbd"] = ["image"],
        ["quobyte"] = ["registry", "volume"],
        ["storageos"] = [],
        ["flocker"] = [],
        ["fc"] = [],
        ["cephfs"] = [],
        ["iscsi"] = ["targetPortal", "iqn"],
        ["csi"] = ["driver"],
        ["image"] = ["reference"],
        ["persistentVolumeClaim"] = ["claimName"],
    };

    /// <summary>Checks the list and answers the valid volumes by name. <paramref name="podName"/> is empty in templates.</summary>
    public static IReadOnlyDictionary<string, Field> Volumes(Field volumes, string podName, FieldErrors errors)
    {
        var valid = new Dictionary<string, Field>(StringComparer.Ordinal);
        foreach (var volume in volumes.Items)
        {
            var before = errors.Causes.Count;
            Source(volume, podName, errors);
            var name = volume["name"];
            if (name.Text.Length == 0) errors.Required(name);
            else errors.Invalid(name, NameFormats.Dns1123Label(name.Text));
            if (valid.ContainsKey(name.Text)) errors.Duplicate(name);
            if (errors.Causes.Count == before) valid.Add(name.Text, volume);
            var claim = volume["persistentVolumeClaim"]["claimName"];
            if (podName.Length > 0 && claim.Text.Length > 0 && volumes.Items.Any(v => v["ephemeral"].Exists && $"{podName}-{v["name"].Text}" == claim.Text))
                errors.Invalid(claim, "must not reference a PVC that gets created for an ephemeral volume");
        }
        return valid;
    }

    /// <summary>One file of a downward API volume or projection.</summary>
    private static void DownwardFile(Field file, FieldErrors errors)
    {
        if (file["path"].Text.Length == 0) errors.Required(file["path"]);
        MountValidation.NonReservedPath(file["path"], errors);
        if (file["fieldRef"].Exists)
        {
            EnvironmentValidation.FieldReference(file["fieldRef"], EnvironmentValidation.FileFields, errors);
            if (file["resourceFieldRef"].Exists) errors.Invalid(file.Path.ToString(), "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
        }
        else if (file["resourceFieldRef"].Exists)
        {
            EnvironmentValidation.ResourceReference(file["resourceFieldRef"], inVolume: true, errors);
        }
        else
        {
            errors.Required(file, "one of fieldRef and resourceFieldRef is required");
        }
        Mode(file["mode"], errors);
    }

    private static void Source(Field volume, string podName, FieldErrors errors)
    {
        var found = 0;
        foreach (var (kind, _) in volume.Entries)
        {
            var source = volume[kind];
            if (kind == "name" || !source.Exists) continue;
            if (found++ > 0)
            {
                errors.Forbidden(source, "may not specify more than 1 volume type");
                continue;
            }
            One(kind, source, errors);
            if (kind == "ephemeral" && podName.Length > 0 && volume["name"].Text.Length > 0)
                foreach (var problem in NameFormats.Dns1123Subdomain($"{podName}-{volume["name"].Text}"))
                    errors.Invalid(volume["name"], $"PVC name \"{podName}-{volume["name"].Text}\": {problem}");
        }
        if (found == 0) errors.Required(volume, "must specify a volume type");
    }

    private static void One(string kind, Field source, FieldErrors errors)
    {
        switch (kind)
        {
            case "emptyDir":
                if (source["sizeLimit"].Exists && Quantity.TryParse(source["sizeLimit"].Text, out var size) && size.Sign < 0)
                    errors.Forbidden(source["sizeLimit"], "SizeLimit field must be a valid resource quantity");
                break;
            case "hostPath":
                HostPath(source, errors);
                break;
            case "secret":
                KeyedFiles(source, "secretName", errors);
                break;
            case "configMap":
                KeyedFiles(source, "name", errors);
                break;
            case "downwardAPI":
                Mode(source["defaultMode"], errors);
                foreach (var file in source["items"].Items) DownwardFile(file, errors);
                break;
            case "projected":
                Mode(source["defaultMode"], errors);
                Projected(source, errors);
                break;
            case "nfs":
                Nfs(source, errors);
                break;
            case "ephemeral":
                if (!source["volumeClaimTemplate"].Exists) errors.Required(source["volumeClaimTemplate"]);
                else ClaimValidation.Spec(source["volumeClaimTemplate"]["spec"], errors);
                break;
            default:
                foreach (var field in RequiredFields.GetValueOrDefault(kind, []))
                    if (source[field].Text.Length == 0) errors.Required(source[field]);
                break;
        }
    }

    private static void HostPath(Field source, FieldErrors errors)
    {
        if (source["path"].Text.Length == 0)
        {
            errors.Required(source["path"]);
            return;
        }
        MountValidation.NoBackstep(source["path"].Text, source["path"].Path, errors);
        if (source["type"].Exists && !HostPathTypes.Contains(source["type"].Text)) errors.NotSupported(source["type"], HostPathTypes);
    }

    private static void Nfs(Field source, FieldErrors errors)
    {
        if (source["server"].Text.Length == 0) errors.Required(source["server"]);
        if (source["path"].Text.Length == 0) errors.Required(source["path"]);
        if (!source["path"].Text.StartsWith('/')) errors.Invalid(source["path"], "must be an absolute path");
    }

    private static void KeyedFiles(Field source, string name, FieldErrors errors)
    {
        if (source[name].Text.Length == 0) errors.Required(source[name]);
        Mode(source["defaultMode"], errors);
        foreach (var item in source["items"].Items) KeyToPath(item, errors);
    }

    private static void KeyToPath(Field item, FieldErrors errors)
    {
        if (item["key"].Text.Length == 0) errors.Required(item["key"]);
        if (item["path"].Text.Length == 0) errors.Required(item["path"]);
        MountValidation.NonReservedPath(item["path"], errors);
        Mode(item["mode"], errors);
    }

    private static void Projected(Field projected, FieldErrors errors)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var source in projected["sources"].Items)
        {
            var found = 0;
            foreach (var kind in (ReadOnlySpan<string>)["secret", "configMap"])
            {
                if (!source[kind].Exists) continue;
                found++;
                if (source[kind]["name"].Text.Length == 0) errors.Required(source[kind]["name"]);
                foreach (var item in source[kind]["items"].Items)
                {
                    KeyToPath(item, errors);
                    if (item["path"].Text.Length > 0 && !paths.Add(item["path"].Text)) errors.Invalid(projected.Path.ToString(), source[kind]["name"].Text, "conflicting duplicate paths");
                }
            }
            if (source["downwardAPI"].Exists)
            {
                found++;
                foreach (var file in source["downwardAPI"]["items"].Items)
                {
                    DownwardFile(file, errors);
                    if (file["path"].Text.Length > 0 && !paths.Add(file["path"].Text)) errors.Invalid(projected.Path.ToString(), file["path"].Text, "conflicting duplicate paths");
                }
            }
            if (source["serviceAccountToken"].Exists)
            {
                found++;
                Token(projected, source["serviceAccountToken"], errors);
            }
            if (source["clusterTrustBundle"].Exists) found++;
            if (found > 1) errors.Forbidden(source, "may not specify more than 1 volume type per source");
            else if (found == 0) errors.Required(source, "must specify a volume type");
        }
    }

    private static void Token(Field projected, Field token, FieldErrors errors)
    {
        var seconds = token["expirationSeconds"];
        if (seconds.Number < 600) errors.Invalid(seconds, "may not specify a duration less than 10 minutes");
        if (seconds.Number > 1L << 32) errors.Invalid(seconds, "may not specify a duration larger than 2^32 seconds");
        if (token["path"].Text.Length == 0) errors.Required(projected["path"]);
        else MountValidation.NonReservedPath(token["path"], errors);
    }

    private static void Mode(Field mode, FieldErrors errors)
    {
        if (mode.Exists && mode.Number is < 0 or > MaxMode) errors.Invalid(mode, ModeForm);
    }
}
