using Orchestrator.Api.Negotiation;
using Orchestrator.Resources.Errors;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Negotiation;

public sealed class ResponseFormTests
{
    [Theory]
    [InlineData(null, Encoding.Json, Representation.Object, "")]
    [InlineData("*/*", Encoding.Json, Representation.Object, "")]
    [InlineData("application/yaml", Encoding.Yaml, Representation.Object, "")]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", Encoding.Protobuf, Representation.Object, "")]
    [InlineData("application/vnd.kubernetes.protobuf, */*", Encoding.Protobuf, Representation.Object, "")]
    [InlineData("application/vnd.kubernetes.protobuf;q=0.9,application/json", Encoding.Json, Representation.Object, "")]
    [InlineData("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", Encoding.Json, Representation.Object, "")]
    [InlineData("application/yaml;q=0.5,application/json;q=0.4", Encoding.Yaml, Representation.Object, "")]
    [InlineData("application/yaml;q=0.4,application/json;q=0.5", Encoding.Json, Representation.Object, "")]
    [InlineData("application/json;q=0", Encoding.Json, Representation.Object, "")]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Encoding.Json, Representation.Table, "v1")]
    [InlineData("application/json;as=Table;v=v2;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Encoding.Json, Representation.Table, "v1beta1")]
    [InlineData("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", Encoding.Json, Representation.Metadata, "v1")]
    [InlineData("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json", Encoding.Protobuf, Representation.Metadata, "v1")]
    public void The_best_acceptable_form_is_chosen(string? accept, Encoding encoding, Representation representation, string version) =>
        ResponseForm.Choose(accept, protobuf: true).ShouldBe(new ResponseForm(encoding, representation, version));

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io")]
    public void Nothing_acceptable_is_a_406(string accept) =>
        Should.Throw<StatusException>(() => ResponseForm.Choose(accept, protobuf: true)).Status.Code.ShouldBe(406);

    [Fact]
    public void Custom_resources_have_no_protobuf()
    {
        ResponseForm.Choose("application/vnd.kubernetes.protobuf,application/json", protobuf: false).Encoding.ShouldBe(Encoding.Json);
        Should.Throw<StatusException>(() => ResponseForm.Choose("application/vnd.kubernetes.protobuf", protobuf: false)).Status.Code.ShouldBe(406);
    }
}
