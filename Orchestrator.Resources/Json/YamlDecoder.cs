using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Schema;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orchestrator.Resources.Json;

/// <summary>
/// YAML bodies, read as sigs.k8s.io/yaml reads them: converted to JSON (YAML 1.1 scalars, string keys) and then decoded like JSON. One document.
/// </summary>
public static class YamlDecoder
{
    /// <summary>Aliases may not blow a small document up: the JSON they expand to is limited to this many bytes per byte of YAML, plus some.</summary>
    private const int ExpansionPerByte = 10;
    private const int ExpansionAnyway = 128 << 10;

    /// <summary>Decodes a YAML body of <paramref name="type"/>; the same checks and errors as <see cref="ObjectDecoder.Decode(ReadOnlySpan{byte}, SchemaType, FieldValidation, List{string})"/>.</summary>
    public static JsonObject Decode(ReadOnlySpan<byte> utf8, SchemaType type, FieldValidation mode, List<string> warnings)
    {
        var duplicates = new List<string>();
        var json = ToJson(utf8, duplicates);
        return ObjectDecoder.Decode(json, type, mode, warnings, duplicates.Count == 0 ? [] : [$"yaml: unmarshal errors:\n{string.Join('\n', duplicates)}"]);
    }

    /// <summary>Decodes a YAML object without a schema.</summary>
    public static JsonObject DecodeUntyped(ReadOnlySpan<byte> utf8) => ObjectDecoder.DecodeUntyped(ToJson(utf8, []));

    /// <summary>The document as JSON. Duplicate keys are added to <paramref name="duplicates"/>; the last one wins. Throws 400 for what is no YAML.</summary>
    internal static byte[] ToJson(ReadOnlySpan<byte> utf8, List<string> duplicates)
    {
        if (JsonInYaml.IsObject(utf8)) return utf8.ToArray();
        try
        {
            var reader = new NodeReader(new Parser(new StringReader(new UTF8Encoding(false, true).GetString(utf8))), utf8.Length * ExpansionPerByte + ExpansionAnyway, duplicates);
            var node = reader.Document();
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer, TypedJson.Compact))
                if (node is null) writer.WriteNullValue(); else node.WriteTo(writer);
            return buffer.WrittenSpan.ToArray();
        }
        catch (YamlException e)
        {
            throw ApiStatus.BadRequest($"error converting YAML to JSON: yaml: line {e.Start.Line.ToString(CultureInfo.InvariantCulture)}: {e.InnerException?.Message ?? e.Message}").AsException();
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or InvalidOperationException)
        {
            // The parser's own slips on what is no YAML: half a surrogate pair in an escape, a flow sequence as a key that does not end.
            throw ApiStatus.BadRequest($"error converting YAML to JSON: yaml: {e.Message}").AsException();
        }
        catch (DecoderFallbackException)
        {
            throw ApiStatus.BadRequest("error converting YAML to JSON: yaml: invalid leading UTF-8 octet").AsException();
        }
    }

    /// <summary>A node as it was read, with what it would cost to repeat it: its characters as JSON, about, and how deep it is (a scalar 1).</summary>
    private readonly record struct Measured(JsonNode? Node, int Length, int Depth);

    private sealed class NodeReader(IParser parser, int budget, List<string> duplicates)
    {
        private readonly Dictionary<AnchorName, Measured> _anchors = [];
        private int _budget = budget;
        private int _depth;

        internal JsonNode? Document()
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _)) return null;
            parser.Consume<DocumentStart>();
            var node = Read().Node;
            parser.Consume<DocumentEnd>();
            return node;
        }

        private Measured Read()
        {
            CheckDepth(++_depth, parser.Current!);
            Measured read;
            AnchorName anchor = default;
            if (parser.TryConsume<AnchorAlias>(out var alias)) read = Repeat(alias);
            else if (parser.TryConsume<Scalar>(out var scalar))
            {
                (read, anchor) = (new Measured(YamlScalar.Value(scalar), scalar.Value.Length + 2, 1), scalar.Anchor);
                Spend(read.Length, scalar);
            }
            else if (parser.TryConsume<SequenceStart>(out var sequence)) (read, anchor) = (Sequence(), sequence.Anchor);
            else
            {
                var start = parser.Consume<MappingStart>();
                (read, anchor) = (Mapping(), start.Anchor);
            }
            if (!anchor.IsEmpty) _anchors[anchor] = read;
            _depth--;
            return read;
        }

        /// <summary>What an alias refers to, once more. The price is known and paid before anything is copied: a few lines of aliases to aliases mean a value of any size and depth.</summary>
        private Measured Repeat(AnchorAlias alias)
        {
            if (!_anchors.TryGetValue(alias.Value, out var referred)) throw new YamlException(alias.Start, alias.End, $"unknown anchor '{alias.Value}' referenced");
            CheckDepth(_depth - 1 + referred.Depth, alias);
            Spend(referred.Length, alias);
            return referred with { Node = referred.Node?.DeepClone() };
        }

        private Measured Sequence()
        {
            var list = new JsonArray();
            var (length, depth) = (2, 0);
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                var item = Read();
                list.Add(item.Node);
                (length, depth) = (length + item.Length + 1, Math.Max(depth, item.Depth));
            }
            return new Measured(list, length, depth + 1);
        }

        private Measured Mapping()
        {
            var result = new JsonObject();
            var (length, depth) = (2, 0);
            List<JsonNode?>? merges = null;
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var at = parser.Current!;
                var plain = at is Scalar { IsPlainImplicit: true } scalar ? scalar.Value : null;
                var name = Read();
                var key = YamlScalar.Key(name.Node, at);
                var value = Read();
                (length, depth) = (length + name.Length + value.Length + 2, Math.Max(depth, value.Depth));
                if (plain == "<<") { (merges ??= []).Add(value.Node); continue; }
                if (result.ContainsKey(key)) duplicates.Add($"  line {at.Start.Line.ToString(CultureInfo.InvariantCulture)}: key \"{key}\" already set in map");
                result[key] = value.Node;
            }
            foreach (var merge in merges ?? [])
                foreach (var source in merge is JsonArray many ? many.ToList() : [merge])
                    foreach (var (key, value) in source as JsonObject ?? [])
                        if (!result.ContainsKey(key)) result[key] = value?.DeepClone();
            return new Measured(result, length, depth + 1);
        }

        private static void CheckDepth(int depth, ParsingEvent at)
        {
            if (depth > ObjectDecoder.MaxDepth) throw new YamlException(at.Start, at.End, "exceeded max depth");
        }

        private void Spend(int length, ParsingEvent at)
        {
            if ((_budget -= length) < 0) throw new YamlException(at.Start, at.End, "document contains excessive aliasing");
        }
    }
}
