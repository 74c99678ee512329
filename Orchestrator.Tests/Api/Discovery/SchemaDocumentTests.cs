using Orchestrator.Api.Discovery;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.OpenApi;
using Orchestrator.Resources.Schema;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Discovery;

public sealed class SchemaDocumentTests
{
    private const string Json = "application/json", V3 = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf", V3Requested = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
    private const string V2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", V2Requested = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    private static readonly OpenApiDocument Apps = OpenApiV3.BuildGroup("apps", "v1", KindCatalog.Default.All, SchemaCatalog.Default, "v1.32.0");
    private static readonly SchemaDocument Version3 = SchemaDocument.OfVersion3(Apps);
    private static readonly SchemaDocument Version2 = SchemaDocument.OfVersion2(OpenApiV2.Build([.. KindCatalog.Default.All.Where(k => k.Group == "apps")], SchemaCatalog.Default, "v1.32.0"));

    [Theory]
    [InlineData("", Json)]
    [InlineData("*/*", Json)]
    [InlineData("application/*", Json)]
    [InlineData("*/json", Json)]
    [InlineData("application/json", Json)]
    [InlineData(V3, V3)]
    [InlineData(V3Requested, V3)]
    [InlineData("*/com.github.proto-openapi.spec.v3@v1.0+protobuf", V3)]
    [InlineData($"{V3Requested}, */*", V3)]
    [InlineData($"*/*, {V3}", V3)]
    [InlineData($"application/json, {V3}", Json)]
    [InlineData($"application/json;q=0.5, {V3}", V3)]
    [InlineData($"application/json, {V3};q=0.9", Json)]
    [InlineData($"{V3};q=0.1, application/*", Json)]
    [InlineData($"text/html, {V3};q=0", V3)]
    [InlineData("text/html", null)]
    [InlineData("application/yaml", null)]
    [InlineData(V2, null)]
    [InlineData("nonsense", null)]
    public void The_form_of_version_3_follows_the_header(string accept, string? type) => (Version3.For(accept)?.ContentType).ShouldBe(type);

    [Theory]
    [InlineData("", Json)]
    [InlineData("application/json", Json)]
    [InlineData(V2, V2)]
    [InlineData(V2Requested, V2)]
    [InlineData($"{V2Requested};q=0.9, application/json;q=0.1", V2)]
    [InlineData(V3, null)]
    [InlineData("application/com.github.googleapis.gnostic.OpenAPIv2@68f4ded+protobuf", null)]
    public void The_form_of_version_2_follows_the_header(string accept, string? type) => (Version2.For(accept)?.ContentType).ShouldBe(type);

    [Fact]
    public void One_tag_stands_for_both_forms_and_the_bytes_differ()
    {
        foreach (var (schema, type) in new[] { (Version2, V2), (Version3, V3) })
        {
            var (json, protobuf) = (schema.For(Json)!, schema.For(type)!);
            (json.ETag, protobuf.ETag).ShouldBe(($"\"{schema.Hash}\"", $"\"{schema.Hash}\""));
            (json.Json.Span[0], protobuf.Json.Span[0]).ShouldBe(((byte)'{', (byte)0x0a));
            schema.For(type).ShouldBeSameAs(protobuf, "made once");
        }
    }

    [Fact]
    public void The_version_3_form_is_that_of_its_document() => Version3.For(V3)!.Json.ToArray().ShouldBe(OpenApiV3.ToProtobuf(Apps));
}
