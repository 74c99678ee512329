using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;

namespace Orchestrator.Tests.Resources.OpenApi;

/// <summary>
/// Reads gnostic's protobuf documents back into JSON, by its own lists of the messages' fields. Strict: an unknown field, a field out of order, a single one that comes twice and a zero
/// where proto3 has none are errors.
/// </summary>
internal sealed class GnosticReader
{
    private sealed record Field(string Name, string Type);

    private readonly Dictionary<string, Dictionary<int, Field>> _messages = new(StringComparer.Ordinal);

    private GnosticReader(string messages)
    {
        foreach (var line in messages.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, fields) = (line[..line.IndexOf(':')], new Dictionary<int, Field>());
            foreach (var field in line[(name.Length + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var parts = field.Split('=', ':');
                foreach (var (number, i) in parts[0].Split(',').Select((n, i) => (n, i))) fields.Add(int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) + i, new Field(number, parts[2]));
            }
            _messages.Add(name, fields);
        }
    }

    /// <summary>The messages of OpenAPIv3.proto. A list of names shares a type and has numbers one after another; <c>*</c> is repeated, <c>{}</c> a message of named values, <c>+</c> named values without one, <c>?</c> the thing or a reference.</summary>
    public static GnosticReader Version3 { get; } = new("""
        Document:openapi=1:string info=2:Info paths=4:Paths components=5:Components security=6:StringArray{}* tags=7:Tag* externalDocs=8:ExternalDocs x=9:Any+
        Info:title,description,termsOfService=1:string contact=4:Contact license=5:License version=6:string x=7:Any+ summary=8:string
        Contact:name,url,email=1:string x=4:Any+
        License:name,url=1:string x=3:Any+
        ExternalDocs:description,url=1:string x=3:Any+
        Tag:name,description=1:string externalDocs=3:ExternalDocs x=4:Any+
        Paths:path=1:PathItem+ x=2:Any+
        PathItem:$ref,summary,description=1:string get,put,post,delete,options,head,patch,trace=4:Operation parameters=13:Parameter?* x=14:Any+
        Operation:tags=1:string* summary,description=2:string externalDocs=4:ExternalDocs operationId=5:string parameters=6:Parameter?* requestBody=7:RequestBody? responses=8:Responses deprecated=10:bool security=11:StringArray{}* x=13:Any+
        Parameter:name,in,description=1:string required,deprecated,allowEmptyValue=4:bool style=7:string explode,allowReserved=8:bool schema=10:Schema? example=11:Any content=13:MediaType{} x=14:Any+
        RequestBody:description=1:string content=2:MediaType{} required=3:bool x=4:Any+
        Responses:default=1:Response? code=2:Response?+ x=3:Any+
        Response:description=1:string content=3:MediaType{} x=5:Any+
        MediaType:schema=1:Schema? example=2:Any x=5:Any+
        Components:schemas=1:Schema?{} x=10:Any+
        Discriminator:propertyName=1:string mapping=2:string{} x=3:Any+
        Xml:name,namespace,prefix=1:string attribute,wrapped=4:bool x=6:Any+
        Reference:$ref,summary,description=1:string
        Schema:nullable=1:bool discriminator=2:Discriminator readOnly,writeOnly=3:bool xml=5:Xml externalDocs=6:ExternalDocs example=7:Any deprecated=8:bool title=9:string multipleOf,maximum=10:double exclusiveMaximum=12:bool minimum=13:double exclusiveMinimum=14:bool maxLength,minLength=15:int64 pattern=17:string maxItems,minItems=18:int64 uniqueItems=20:bool maxProperties,minProperties=21:int64 required=23:string* enum=24:Any* type=25:string allOf,oneOf,anyOf=26:Schema?* not=29:Schema items=30:Items properties=31:Schema?{} additionalProperties=32:Additional default=33:Default description,format=34:string x=36:Any+
        Items:=1:Schema?
        Additional:=1:Schema? =2:flag
        Default:=1:number =2:flag =3:text
        """);

    /// <summary>The messages of OpenAPIv2.proto.</summary>
    public static GnosticReader Version2 { get; } = new("""
        Document:swagger=1:string info=2:Info paths=8:Paths definitions=9:Schema{}
        Info:title,version=1:string
        Paths:x=1:Any+ path=2:PathItem+
        PathItem:$ref=1:string get,put,post,delete,options,head,patch=2:Operation parameters=9:ParametersItem* x=10:Any+
        Operation:tags=1:string* summary,description=2:string operationId=5:string produces,consumes=6:string* parameters=8:ParametersItem* responses=9:Responses schemes=10:string* deprecated=11:bool x=13:Any+
        ParametersItem:=1:Parameter =2:Reference
        Parameter:=1:BodyParameter =2:NonBodyParameter
        NonBodyParameter:=1:PathParameter =2:QueryParameter =3:QueryParameter =4:PathParameter
        BodyParameter:description,name,in=1:string required=4:bool schema=5:Schema x=6:Any+
        PathParameter:required=1:bool in,description,name,type,format=2:string items=7:Primitives collectionFormat=8:string default=9:Any uniqueItems=19:bool enum=20:Any* x=22:Any+
        QueryParameter:required=1:bool in,description,name=2:string allowEmptyValue=5:bool type,format=6:string items=8:Primitives collectionFormat=9:string default=10:Any uniqueItems=20:bool enum=21:Any* x=23:Any+
        Primitives:type,format=1:string items=3:Primitives collectionFormat=4:string
        Header:type,format=1:string description=18:string
        Responses:code=1:Response?+ x=2:Any+
        Response:description=1:string schema=2:SchemaItem headers=3:Header{} examples=4:Any{} x=5:Any+
        SchemaItem:=1:Schema =2:FileSchema
        FileSchema:type=6:string
        Reference:$ref,description=1:string
        Schema:$ref,format,title,description=1:string default=5:Any multipleOf,maximum=6:double exclusiveMaximum=8:bool minimum=9:double exclusiveMinimum=10:bool maxLength,minLength=11:int64 pattern=13:string maxItems,minItems=14:int64 uniqueItems=16:bool maxProperties,minProperties=17:int64 required=19:string* enum=20:Any* additionalProperties=21:Additional type=22:Type items=23:Items allOf=24:Schema* properties=25:Schema{} discriminator=26:string readOnly=27:bool example=30:Any x=31:Any+
        Items:=1:Schema
        Additional:=1:Schema =2:flag
        Type:=1:text
        """);

    /// <summary>The JSON of a document.</summary>
    public JsonObject Read(ReadOnlySpan<byte> document) => (JsonObject)Message("Document", document.ToArray())!;

    private JsonNode? Message(string name, byte[] bytes)
    {
        var fields = _messages[name];
        var json = new JsonObject();
        var last = 0;
        foreach (var (number, wire, value, end) in Wire(bytes))
        {
            if (!fields.TryGetValue(number, out var field)) throw new FormatException($"{name} has no field {number}");
            if (number < last) throw new FormatException($"{name}.{number} comes after {last}");
            last = number;
            if (field.Name.Length == 0)
            {
                // A message that stands for its only value.
                if (bytes.Length != end) throw new FormatException($"{name} has more than one value");
                return Value(field.Type, wire, value);
            }
            if (field.Type.EndsWith('+'))
            {
                var (key, inner) = Pair(field.Type[..^1], value);
                json.Add(key, inner);
            }
            else if (field.Type.EndsWith('*'))
            {
                if (json[field.Name] is not JsonArray list) json[field.Name] = list = [];
                list.Add(Value(field.Type[..^1], wire, value));
            }
            else json.Add(field.Name, Value(field.Type, wire, value));
        }
        // The default that is not said.
        return json.Count == 0 && fields.Values.All(f => f.Name.Length == 0) ? new JsonObject { ["unsaid"] = true } : json;
    }

    private JsonNode? Value(string type, int wire, byte[] value)
    {
        var expected = type switch { "bool" or "flag" or "int64" => 0, "double" or "number" => 1, _ => 2 };
        if (wire != expected) throw new FormatException($"{type} on wire type {wire}");
        switch (type)
        {
            case "string": return value.Length > 0 ? JsonValue.Create(Encoding.UTF8.GetString(value)) : throw new FormatException("an empty string is written");
            case "text": return JsonValue.Create(Encoding.UTF8.GetString(value));
            case "bool": return BinaryPrimitives.ReadUInt64LittleEndian(value) == 1 ? JsonValue.Create(true) : throw new FormatException("false is written");
            case "flag": return JsonValue.Create(BinaryPrimitives.ReadUInt64LittleEndian(value) == 1);
            case "int64": return BinaryPrimitives.ReadInt64LittleEndian(value) is var whole && whole != 0 ? JsonValue.Create(whole) : throw new FormatException("zero is written");
            case "double": return BinaryPrimitives.ReadDoubleLittleEndian(value) is var real && real != 0 ? Number(real) : throw new FormatException("zero is written");
            case "number": return Number(BinaryPrimitives.ReadDoubleLittleEndian(value));
            case "Any": return Yaml(value);
            case "StringArray": return new JsonArray([.. Wire(value).Select(f => (JsonNode)Encoding.UTF8.GetString(f.Value))]);
        }
        if (type.EndsWith("{}", StringComparison.Ordinal)) return new JsonObject(Wire(value).Select(f => f.Number == 1 ? Pair(type[..^2], f.Value) : throw new FormatException($"{type} has no field {f.Number}")));
        if (!type.EndsWith('?')) return Message(type, value);
        var (number, _, alternative, end) = Wire(value).Single();
        return end == value.Length && number is 1 or 2 ? Message(number == 1 ? type[..^1] : "Reference", alternative) : throw new FormatException($"{type} has no field {number}");
    }

    private KeyValuePair<string, JsonNode?> Pair(string type, byte[] bytes)
    {
        var fields = Wire(bytes).ToList();
        if (fields.Count != 2 || (fields[0].Number, fields[1].Number) != (1, 2)) throw new FormatException("a pair is of a name and a value");
        return KeyValuePair.Create(Encoding.UTF8.GetString(fields[0].Value), Value(type, fields[1].Wire, fields[1].Value));
    }

    private static JsonNode? Yaml(byte[] any)
    {
        var (number, wire, yaml, _) = Wire(any).Single();
        return (number, wire) == (2, 2) ? YamlDecoder.DecodeUntyped(Encoding.UTF8.GetBytes($"value:\n {Encoding.UTF8.GetString(yaml).TrimEnd('\n').Replace("\n", "\n ", StringComparison.Ordinal)}\n"))["value"]?.DeepClone()
            : throw new FormatException($"Any has no field {number}");
    }

    private static JsonValue Number(double real) => real == Math.Floor(real) && Math.Abs(real) < 1e15 ? JsonValue.Create((long)real) : JsonValue.Create(real);

    /// <summary>The fields of a message: varints and doubles as eight bytes, little-endian.</summary>
    private static IEnumerable<(int Number, int Wire, byte[] Value, int End)> Wire(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var tag = Varint(bytes, ref at);
            byte[] value;
            switch (tag & 7)
            {
                case 0:
                    value = new byte[8];
                    BinaryPrimitives.WriteUInt64LittleEndian(value, Varint(bytes, ref at));
                    break;
                case 1:
                    value = bytes[at..(at += 8)];
                    break;
                case 2:
                    var length = (int)Varint(bytes, ref at);
                    value = bytes[at..(at += length)];
                    break;
                default: throw new FormatException($"wire type {tag & 7}");
            }
            yield return ((int)(tag >> 3), (int)(tag & 7), value, at);
        }
    }

    private static ulong Varint(byte[] bytes, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
    }
}
