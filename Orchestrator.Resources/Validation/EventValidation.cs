using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of Events as the core API has them (upstream: legacyValidateEvent).</summary>
internal static class EventValidation
{
    private const string Mismatch = "does not match event.namespace";
    private const int MaxShort = 128;
    private const int MaxNote = 1024;

    /// <summary>v1 Event. One with an <c>eventTime</c> comes from the newer API and must say who reports what.</summary>
    public static void Event(Field ev, FieldErrors errors)
    {
        var ns = ev["metadata"]["namespace"].Text;
        var target = ev["involvedObject"]["namespace"];
        if (ev["eventTime"].Text.Length == 0)
        {
            if (target.Text.Length == 0 ? ns is not ("" or "default") : target.Text != ns) errors.Invalid(target, Mismatch);
            return;
        }
        if (target.Text.Length == 0 ? ns is not ("default" or "kube-system") : target.Text != ns) errors.Invalid(target, Mismatch);
        // The internal name of reportingComponent is reportingController, and that is what upstream reports.
        var reporter = ev["reportingComponent"].Text;
        if (reporter.Length == 0) errors.Required("reportingController");
        foreach (var problem in NameFormats.QualifiedName(reporter)) errors.Invalid("reportingController", reporter, problem);
        Short(ev["reportingInstance"], errors);
        Short(ev["action"], errors);
        Short(ev["reason"], errors);
        if (ev["message"].Text.Length > MaxNote) errors.Invalid("message", "", $"can have at most {MaxNote} characters");
    }

    private static void Short(Field field, FieldErrors errors)
    {
        if (field.Text.Length == 0) errors.Required(field);
        else if (field.Text.Length > MaxShort) errors.Invalid(field.Path.ToString(), "", $"can have at most {MaxShort} characters");
    }
}
