using Orchestrator.SchemaTool.Go;

namespace Orchestrator.SchemaTool;

/// <summary>
/// Fields that v1.32 has and an older source on the machine lacks (apiextensions/v1 is only packaged in 1.20). Written as facts in Go's own
/// notation; a source that already declares a field wins.
/// </summary>
public static class Supplements
{
    private const string ApiExtensions = """
        type CustomResourceDefinitionVersion struct {
        	// +optional
        	// +listType=atomic
        	SelectableFields []SelectableField `json:"selectableFields,omitempty" protobuf:"bytes,9,rep,name=selectableFields"`
        }
        type SelectableField struct {
        	JSONPath string `json:"jsonPath" protobuf:"bytes,1,opt,name=jsonPath"`
        }
        type JSONSchemaProps struct {
        	// +patchMergeKey=rule
        	// +patchStrategy=merge
        	// +listType=map
        	// +listMapKey=rule
        	XValidations []ValidationRule `json:"x-kubernetes-validations,omitempty" patchStrategy:"merge" patchMergeKey:"rule" protobuf:"bytes,44,rep,name=xKubernetesValidations"`
        }
        type ValidationRule struct {
        	Rule string `json:"rule" protobuf:"bytes,1,opt,name=rule"`
        	Message string `json:"message,omitempty" protobuf:"bytes,2,opt,name=message"`
        	MessageExpression string `json:"messageExpression,omitempty" protobuf:"bytes,3,opt,name=messageExpression"`
        	// +optional
        	Reason *string `json:"reason,omitempty" protobuf:"bytes,4,opt,name=reason"`
        	// +optional
        	FieldPath string `json:"fieldPath,omitempty" protobuf:"bytes,5,opt,name=fieldPath"`
        	// +optional
        	OptionalOldSelf *bool `json:"optionalOldSelf,omitempty" protobuf:"bytes,6,opt,name=optionalOldSelf"`
        }
        """;

    /// <summary>Adds what is missing to a parsed package.</summary>
    public static void AddTo(GoPackage package)
    {
        if (package.Path != "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1") return;
        var extra = new GoPackage(package.Path);
        GoFileParser.Parse(ApiExtensions, extra);
        foreach (var added in extra.Structs)
        {
            var at = package.Structs.FindIndex(s => s.Name == added.Name);
            if (at < 0) { package.Structs.Add(added); continue; }
            var declared = package.Structs[at];
            package.Structs[at] = declared with { Fields = [.. declared.Fields, .. added.Fields.Where(f => declared.Fields.All(d => d.Name != f.Name))] };
        }
    }
}
