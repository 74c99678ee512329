using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of volume mounts and block devices in containers, and of the paths they use.</summary>
internal static class MountValidation
{
    /// <summary>A container's <c>volumeMounts</c>.</summary>
    public static void Mounts(Field container, IReadOnlyDictionary<string, Field> volumes, FieldErrors errors)
    {
        var mounts = container["volumeMounts"];
        HashSet<string>? paths = null;
        foreach (var mount in mounts.Items)
        {
            var name = mount["name"];
            var path = mount["mountPath"];
            if (name.Text.Length == 0) errors.Required(name);
            if (!volumes.ContainsKey(name.Text)) errors.NotFound(name);
            if (path.Text.Length == 0) errors.Required(path);
            if (!(paths ??= new(StringComparer.Ordinal)).Add(path.Text)) errors.Invalid(path, "must be unique");
            foreach (var device in container["volumeDevices"].Items)
            {
                if (device["name"].Text == name.Text) errors.Invalid(name, "must not already exist in volumeDevices");
                if (device["devicePath"].Text == path.Text) errors.Invalid(path, "must not already exist as a path in volumeDevices");
            }
            if (mount["subPath"].Text.Length > 0) DescendingPath(mount["subPath"].Text, mounts.Path.Child("subPath"), errors);
            if (mount["subPathExpr"].Text.Length > 0)
            {
                if (mount["subPath"].Text.Length > 0) errors.Invalid(mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive");
                DescendingPath(mount["subPathExpr"].Text, mounts.Path.Child("subPathExpr"), errors);
            }
            Propagation(mount["mountPropagation"], mounts.Path.Child("mountPropagation"), container["securityContext"]["privileged"].Flag, errors);
            RecursiveReadOnly(mount, mounts.Path.Child("recursiveReadOnly"), errors);
        }
    }

    /// <summary>A container's <c>volumeDevices</c>: block volumes, hence claims.</summary>
    public static void Devices(Field container, IReadOnlyDictionary<string, Field> volumes, FieldErrors errors)
    {
        var (names, paths) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var device in container["volumeDevices"].Items)
        {
            var name = device["name"];
            var path = device["devicePath"];
            if (name.Text.Length == 0) errors.Required(name);
            else if (!names.Add(name.Text)) errors.Invalid(name, "must be unique");
            if (!volumes.TryGetValue(name.Text, out var volume)) errors.NotFound(name);
            else if (!volume["persistentVolumeClaim"].Exists && !volume["ephemeral"].Exists)
                errors.Invalid(name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
            if (path.Text.Length == 0) errors.Required(path);
            if (HasBackstep(path.Text)) errors.Invalid(path, "can not contain backsteps ('..')");
            else if (!paths.Add(path.Text)) errors.Invalid(path, "must be unique");
            foreach (var mount in container["volumeMounts"].Items)
            {
                if (mount["name"].Text == name.Text) errors.Invalid(name, "must not already exist in volumeMounts");
                if (mount["mountPath"].Text == path.Text) errors.Invalid(path, "must not already exist as a path in volumeMounts");
            }
        }
    }

    /// <summary>A relative path that stays below where it starts.</summary>
    public static void DescendingPath(string path, FieldPath at, FieldErrors errors)
    {
        if (path.StartsWith('/')) errors.Invalid(at.ToString(), path, "must be a relative path");
        NoBackstep(path, at, errors);
    }

    /// <summary>As <see cref="DescendingPath"/>, and not starting with two dots, which the kubelet's own files do.</summary>
    public static void NonReservedPath(Field path, FieldErrors errors)
    {
        DescendingPath(path.Text, path.Path, errors);
        if (path.Text.StartsWith("..", StringComparison.Ordinal) && !path.Text.StartsWith("../", StringComparison.Ordinal)) errors.Invalid(path, "must not start with '..'");
    }

    /// <summary>No <c>..</c> element.</summary>
    public static void NoBackstep(string path, FieldPath at, FieldErrors errors)
    {
        if (HasBackstep(path)) errors.Invalid(at.ToString(), path, "must not contain '..'");
    }

    private static bool HasBackstep(string path)
    {
        foreach (var part in path.AsSpan().Split('/'))
            if (path.AsSpan(part) is "..") return true;
        return false;
    }

    private static void Propagation(Field propagation, FieldPath at, bool privileged, FieldErrors errors)
    {
        if (!propagation.Exists) return;
        if (propagation.Text is not ("Bidirectional" or "HostToContainer" or "None"))
            errors.NotSupported(at.ToString(), propagation.Text, ["Bidirectional", "HostToContainer", "None"]);
        if (propagation.Text == "Bidirectional" && !privileged)
            errors.Forbidden(at.ToString(), "Bidirectional mount propagation is available only to privileged containers");
    }

    private static void RecursiveReadOnly(Field mount, FieldPath at, FieldErrors errors)
    {
        var mode = mount["recursiveReadOnly"];
        if (!mode.Exists || mode.Text == "Disabled") return;
        if (mode.Text is not ("Enabled" or "IfPossible"))
        {
            errors.NotSupported(at.ToString(), mode.Text, ["Disabled", "Enabled", "IfPossible"]);
            return;
        }
        if (!mount["readOnly"].Flag) errors.Forbidden(at.ToString(), "may only be specified when readOnly is true");
        if (mount["mountPropagation"].Exists && mount["mountPropagation"].Text != "None")
            errors.Forbidden(at.ToString(), "may only be specified when mountPropagation is None or not specified");
    }
}
