using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Extensions;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Apply;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Admission;

/// <summary>
/// The long way of a write that webhooks or policies are asked about. They take as long as they like, and an object's actor waits for nobody: so what the write makes of the
/// object is worked out here, admitted, and stored by the actor if the object still is as it was; else all of it happens again, as upstream's update loop does.
/// </summary>
/// <remarks>
/// <code>
///   object at version v ──► wanted ──► mutate ──► decide (update rules) ──► validate ──► StoreDecided(base v) ──► done
///        ▲                                                                                      │
///        └────────────────────────────── outdated ◄─────────────────────────────────────────────┘
/// </code>
/// </remarks>
public static class AdmittedWrites
{
    // As often as upstream's update loop would, more or less: each time somebody else's write was faster than the webhooks.
    private const int Attempts = 20;

    /// <summary>Whether the long way is needed for a command.</summary>
    public static bool Needs(ControlPlaneServices services, ResourceCommand command) => command switch
    {
        UpdateResource or PatchResource when IsConvertedElsewhere(services, command) => true,
        CreateResource => services.Admission.Concerns(AdmissionAttributes.Create, KindOf(services, command), ""),
        UpdateResource update => services.Admission.Concerns(AdmissionAttributes.Update, KindOf(services, command), update.Subresource),
        PatchResource patch => services.Admission.Concerns(AdmissionAttributes.Update, KindOf(services, command), patch.Subresource)
            || (patch is { Type: PatchType.Apply, Subresource: "" } && services.Admission.Concerns(AdmissionAttributes.Create, KindOf(services, command), "")),
        DeleteResource => services.Admission.Concerns(AdmissionAttributes.Delete, KindOf(services, command), ""),
        _ => false,
    };

    /// <summary>Whether the long way is needed for a new object.</summary>
    public static bool Needs(ControlPlaneServices services, ResourceKind kind, JsonObject obj) =>
        IsStoredElsewhere(services, kind) || IsTrackedElsewhere(kind, obj) || services.Admission.Concerns(AdmissionAttributes.Create, kind, "");

    /// <summary>
    /// Sends an update, patch or delete that <see cref="Needs(ControlPlaneServices, ResourceCommand)"/> the long way. <paramref name="user"/> is who asks, as UserInfo; what webhooks
    /// warn about is added to <paramref name="warnings"/>, refusal or not. Refusals are answers.
    /// </summary>
    public static async Task<ResourceReply> SendAsync(ResourceClient client, ResourceCommand command, JsonObject user, List<string> warnings, CancellationToken cancel = default)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var reply = await TryAsync(client, command, user, warnings, cancel);
                if (reply is not ResourceRefused { Status.Reason: StoreDecided.Outdated } outdated) return reply;
                if (attempt == Attempts) return new ResourceRefused(command.Key, outdated.Status with { Reason = "Conflict" });
            }
        }
        catch (StatusException refusal)
        {
            return new ResourceRefused(command.Key, refusal.Status);
        }
    }

    /// <summary>Prepares, admits and creates an object, which belongs to the command afterwards. Refusals are answers.</summary>
    public static async Task<ResourceReply> CreateAsync(ResourceClient client, ResourceKind kind, string ns, JsonObject obj, WriteContext context, JsonObject user, List<string> warnings,
        CancellationToken cancel = default)
    {
        var key = kind.Key(ns, ObjectMeta.Get(obj, "name"));
        try
        {
            await AdmitNewAsync(client.Services, kind, ns, obj, context, user, warnings, cancel);
            key = kind.Key(ns, ObjectMeta.Get(obj, "name"));
            if (!IsStoredElsewhere(client.Services, kind) && !IsTrackedElsewhere(kind, obj)) return await client.SendAsync(new CreateResource(key, kind.ApiVersion, context, obj), cancel);
            CreateRules.Stamp(obj, client.Services.NewUid(), client.Services.Time.GetUtcNow());
            var reply = await StoreAsync(client, new StoreDecided(key, kind.ApiVersion, context, obj, 0, Removes: false, Track: ""), kind, null, cancel);
            return reply is ResourceRefused { Status.Reason: StoreDecided.Outdated } ? new ResourceRefused(key, ApiStatus.AlreadyExists(kind.GroupResource, key.Name)) : reply;
        }
        catch (StatusException refusal)
        {
            return new ResourceRefused(key, refusal.Status);
        }
    }

    /// <summary>UserInfo of a control loop.</summary>
    public static JsonObject UserOf(WriteContext context) => new() { ["username"] = context.User, ["groups"] = new JsonArray("system:masters", "system:authenticated") };

    private static Task<ResourceReply> TryAsync(ResourceClient client, ResourceCommand command, JsonObject user, List<string> warnings, CancellationToken cancel)
    {
        var entry = client.Services.Cache.Get(command.Key);
        return (command, entry) switch
        {
            (PatchResource { Type: PatchType.Apply, Subresource: "" } apply, null) => ApplyNewAsync(client, apply, user, warnings, cancel),
            (_, null) => client.SendAsync(command, cancel), // which is not found
            (DeleteResource delete, _) => DeleteAsync(client, delete, entry, user, warnings, cancel),
            _ => ChangeAsync(client, command, entry, user, warnings, cancel),
        };
    }

    private static async Task<ResourceReply> ApplyNewAsync(ResourceClient client, PatchResource command, JsonObject user, List<string> warnings, CancellationToken cancel)
    {
        var kind = KindOf(client.Services, command);
        var told = new List<string>();
        var obj = ObjectChange.New(kind, command, client.Services.Time.GetUtcNow(), told);
        await AdmitNewAsync(client.Services, kind, command.Key.Namespace, obj, command.Context, user, warnings, cancel);
        if (IsStoredElsewhere(client.Services, kind)) CreateRules.Stamp(obj, client.Services.NewUid(), client.Services.Time.GetUtcNow());
        return Told(await StoreAsync(client, new StoreDecided(command.Key, kind.ApiVersion, command.Context, obj, 0, Removes: false, Track: null), kind, null, cancel), told);
    }

    private static async Task<ResourceReply> ChangeAsync(ResourceClient client, ResourceCommand command, ResourceEntry entry, JsonObject user, List<string> warnings, CancellationToken cancel)
    {
        var services = client.Services;
        var kind = KindOf(services, command);
        var shown = await services.Converter.FromStoredAsync(kind, entry.ToJsonObject(), cancel);
        var old = shown.DeepClone().AsObject();
        ObjectMeta.Of(old).Remove("resourceVersion");
        // The command may be tried again: its object is not ours to change.
        var own = command is UpdateResource update ? update with { Object = update.Object.DeepClone().AsObject() } : command;
        var now = services.Time.GetUtcNow();
        var change = await WithAnswersAsync(services, versions => ObjectChange.Of(kind, own, old, entry.ResourceVersion, now, versions), cancel);
        kind.Strategy.Default(change.Wanted);

        var scale = change.Subresource == "scale";
        JsonObject Reviewed(JsonObject whole) => scale ? ScaleRules.View(kind, whole, entry.ResourceVersion) : whole;
        AdmissionAttributes Ask(JsonObject obj) => new()
        {
            Operation = AdmissionAttributes.Update,
            Resource = kind,
            Subresource = change.Subresource,
            Kind = scale ? AdmissionKind.Scale : AdmissionKind.Of(kind),
            Name = command.Key.Name,
            Namespace = NamespaceOf(kind, command.Key),
            Object = Reviewed(obj),
            OldObject = Reviewed(shown),
            Options = Options(command is PatchResource ? "PatchOptions" : "UpdateOptions", command.Context, command is PatchResource { Force: true }),
            DryRun = command.Context.DryRun,
            UserInfo = user,
        };
        var request = Ask(change.Wanted);
        if (await services.Admission.MutateAsync(request, warnings, cancel))
            change.Wanted = scale ? ScaleRules.Apply(kind, change.Wanted, request.Object!) : request.Object!;
        switch (change.Decide())
        {
            case WriteDecision.Refuse refuse:
                return new ResourceRefused(command.Key, refuse.Status);
            case WriteDecision.Put put:
                await services.Admission.ValidateAsync(Ask(put.Object), warnings, cancel);
                return Told(await StoreAsync(client, new StoreDecided(command.Key, kind.ApiVersion, command.Context, put.Object, entry.ResourceVersion, Removes: false, put.Track), kind, old, cancel), put.Warnings);
            case WriteDecision.Remove remove:
                await services.Admission.ValidateAsync(Ask(remove.Last), warnings, cancel);
                return await StoreAsync(client, new StoreDecided(command.Key, kind.ApiVersion, command.Context, remove.Last, entry.ResourceVersion, Removes: true, Track: null), kind, old, cancel);
            default:
                return new ResourceWritten(command.Key, entry.Json, null, entry.ResourceVersion, Created: false, change.Warnings);
        }
    }

    private static async Task<ResourceReply> DeleteAsync(ResourceClient client, DeleteResource command, ResourceEntry entry, JsonObject user, List<string> warnings, CancellationToken cancel)
    {
        var kind = KindOf(client.Services, command);
        var options = Options("DeleteOptions", command.Context);
        if (command.GracePeriodSeconds is { } grace) options["gracePeriodSeconds"] = grace;
        if (command.Propagation is { } propagation) options["propagationPolicy"] = propagation;
        var request = new AdmissionAttributes
        {
            Operation = AdmissionAttributes.Delete,
            Resource = kind,
            Kind = AdmissionKind.Of(kind),
            Name = command.Key.Name,
            Namespace = NamespaceOf(kind, command.Key),
            OldObject = await client.Services.Converter.FromStoredAsync(kind, entry.ToJsonObject(), cancel),
            Options = options,
            DryRun = command.Context.DryRun,
            UserInfo = user,
        };
        await client.Services.Admission.MutateAsync(request, warnings, cancel);
        await client.Services.Admission.ValidateAsync(request, warnings, cancel);
        // What was admitted is the deletion of this object, not of a namesake.
        var reply = await client.SendAsync(command with { PreconditionUid = command.PreconditionUid ?? entry.Uid }, cancel);
        var replaced = command.PreconditionUid is null && reply is ResourceRefused { Status.Code: 409 } && client.Services.Cache.Get(command.Key)?.Uid != entry.Uid;
        return replaced ? new ResourceRefused(command.Key, ((ResourceRefused)reply).Status with { Reason = StoreDecided.Outdated }) : reply;
    }

    /// <summary>Everything between decoding and storing a new object, which is changed in place.</summary>
    private static async Task AdmitNewAsync(ControlPlaneServices services, ResourceKind kind, string ns, JsonObject obj, WriteContext context, JsonObject user, List<string> warnings, CancellationToken cancel)
    {
        AdmissionAttributes Ask() => new()
        {
            Operation = AdmissionAttributes.Create,
            Resource = kind,
            Kind = AdmissionKind.Of(kind),
            Name = ObjectMeta.Get(obj, "name"),
            Namespace = NamespaceOf(kind, kind.Key(ns, ObjectMeta.Get(obj, "name"))),
            Object = obj,
            Options = Options("CreateOptions", context),
            DryRun = context.DryRun,
            UserInfo = user,
        };
        ResourceWriter.Prepare(services, kind, ns, obj);
        var request = Ask();
        if (await services.Admission.MutateAsync(request, warnings, cancel))
        {
            ReplaceContent(obj, request.Object!);
            // What is built in has its say on what webhooks have added, too (a sidecar mounts the account's token).
            ResourceWriter.Prepare(services, kind, ns, obj);
        }
        CreateRules.Validate(kind, obj);
        AdmissionChain.Validate(kind, obj, services.Cache);
        await services.Admission.ValidateAsync(Ask(), warnings, cancel);
    }

    private static void ReplaceContent(JsonObject target, JsonObject source)
    {
        if (ReferenceEquals(target, source)) return;
        var parts = source.ToList();
        source.Clear();
        target.Clear();
        foreach (var (name, value) in parts) target[name] = value;
    }

    private static ResourceReply Told(ResourceReply reply, IReadOnlyList<string> warnings) =>
        reply is ResourceWritten written && warnings.Count > 0 ? written with { Warnings = [.. warnings, .. written.Warnings] } : reply;

    /// <summary>
    /// Sends a decision. Where a webhook converts what is stored, what the actor would do in the decision's own version (to note who changed what) is done here, before the object is
    /// converted; <paramref name="live"/> is the object before, null for none.
    /// </summary>
    private static async Task<ResourceReply> StoreAsync(ResourceClient client, StoreDecided decided, ResourceKind kind, JsonObject? live, CancellationToken cancel)
    {
        var services = client.Services;
        if (kind.Conversion?.Webhook is null || services.Catalog.FindByGroupResource(kind.GroupResource) is not { } stored) return await client.SendAsync(decided, cancel);
        var type = SchemaCatalog.Default.Find(kind.SchemaName);
        if (decided.Track is { } subresource)
        {
            var now = services.Time.GetUtcNow();
            await WithAnswersAsync(services, versions =>
            {
                FieldManager.Track(kind, type, live, decided.Object, decided.Context.FieldManager, subresource, now, versions);
                return true;
            }, cancel);
        }
        var obj = CanonicalJson.Normalize(decided.Object, type);
        obj = await services.Converter.ConvertAsync(obj, kind, stored, cancel);
        return await client.SendAsync(decided with { ApiVersion = stored.ApiVersion, Object = obj, Track = null }, cancel);
    }

    /// <summary>Runs a rule, asks the webhook for an object in another version where the rule turns out to need one, and runs it again with the answer, for as long as it takes.</summary>
    private static async Task<T> WithAnswersAsync<T>(ControlPlaneServices services, Func<KindVersions, T> rule, CancellationToken cancel)
    {
        var versions = new KindVersions(services.Catalog, new ConvertedObjects());
        while (true)
        {
            ConversionElsewhereException question;
            try
            {
                return rule(versions);
            }
            catch (ConversionElsewhereException needed)
            {
                question = needed;
            }
            try
            {
                var obj = question.Object.DeepClone().AsObject();
                versions.Asked!.Add(question, await services.Converter.ConvertAsync(obj, question.To, question.To, cancel));
            }
            catch (StatusException refusal)
            {
                versions.Asked!.Fail(question, refusal.Status.Message);
            }
        }
    }

    /// <summary>Whether a new object brings managers along that know it in versions that only a webhook converts to.</summary>
    private static bool IsTrackedElsewhere(ResourceKind kind, JsonObject obj) => kind.Conversion?.Webhook is not null && ManagedFields.NameOthers(obj, kind.ApiVersion);

    /// <summary>Whether only a webhook can bring an object of this version into the stored one.</summary>
    private static bool IsStoredElsewhere(ControlPlaneServices services, ResourceKind kind) =>
        kind.Conversion?.Webhook is not null && services.Catalog.FindByGroupResource(kind.GroupResource)?.ApiVersion != kind.ApiVersion;

    private static bool IsConvertedElsewhere(ControlPlaneServices services, ResourceCommand command)
    {
        var kind = KindOf(services, command);
        if (kind.Conversion?.Webhook is null) return false;
        return IsStoredElsewhere(services, kind) || (services.Cache.Get(command.Key) is { } entry && ObjectVersions.IsElsewhere(kind, entry.Json.Span));
    }

    private static ResourceKind KindOf(ControlPlaneServices services, ResourceCommand command)
    {
        var stored = services.Catalog.FindByGroupResource(command.Key.Resource) ?? throw new ApiStatus(404, "NotFound", "the server could not find the requested resource").AsException();
        return services.Catalog.InVersion(stored, command.ApiVersion);
    }

    /// <summary>A Namespace is asked about as being in itself, as upstream's request info has it.</summary>
    private static string NamespaceOf(ResourceKind kind, ResourceKey key) => kind is { Group: "", Plural: "namespaces" } ? key.Name : key.Namespace;

    private static JsonObject Options(string kind, WriteContext context, bool force = false)
    {
        var options = new JsonObject { ["kind"] = kind, ["apiVersion"] = "meta.k8s.io/v1" };
        if (context.DryRun) options["dryRun"] = new JsonArray("All");
        if (kind == "DeleteOptions") return options;
        if (force) options["force"] = true;
        options["fieldManager"] = context.FieldManager;
        options["fieldValidation"] = context.FieldValidation;
        return options;
    }
}
