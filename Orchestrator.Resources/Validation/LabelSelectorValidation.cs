using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of a metav1.LabelSelector (k8s.io/apimachinery/pkg/apis/meta/v1/validation).</summary>
internal static class LabelSelectorValidation
{
    /// <summary>A selector, or nothing.</summary>
    public static void Selector(Field selector, FieldErrors errors)
    {
        if (!selector.Exists) return;
        ObjectMetaValidation.Labels(selector["matchLabels"], errors);
        foreach (var expression in selector["matchExpressions"].Items)
        {
            var values = expression["values"];
            switch (expression["operator"].Text)
            {
                case "In" or "NotIn":
                    if (values.Count == 0) errors.Required(values, "must be specified when `operator` is 'In' or 'NotIn'");
                    break;
                case "Exists" or "DoesNotExist":
                    if (values.Count > 0) errors.Forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    break;
                default:
                    errors.Invalid(expression["operator"], "not a valid selector operator");
                    break;
            }
            errors.Invalid(expression["key"], NameFormats.QualifiedName(expression["key"].Text));
            foreach (var value in values.Items) errors.Invalid(value, NameFormats.LabelValue(value.Text));
        }
    }
}
