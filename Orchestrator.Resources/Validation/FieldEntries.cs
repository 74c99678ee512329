using System.Collections;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Validation;

/// <summary>The entries of a map of fields, in order. A struct with a struct enumerator: a <c>foreach</c> over it allocates nothing.</summary>
public readonly struct FieldEntries(Field map) : IEnumerable<KeyValuePair<string, Field>>
{
    /// <summary>The enumerator a <c>foreach</c> uses.</summary>
    public Enumerator GetEnumerator() => new(map);

    IEnumerator<KeyValuePair<string, Field>> IEnumerable<KeyValuePair<string, Field>>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Walks the map.</summary>
    public struct Enumerator(Field map) : IEnumerator<KeyValuePair<string, Field>>
    {
        private readonly JsonObject? _object = map.Node as JsonObject;
        private int _index = -1;

        /// <inheritdoc/>
        public readonly KeyValuePair<string, Field> Current => map.EntryAt(_object!, _index);

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext() => _object is not null && ++_index < _object.Count;

        /// <inheritdoc/>
        public void Reset() => _index = -1;

        /// <inheritdoc/>
        public readonly void Dispose() { }
    }
}
