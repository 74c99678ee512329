using System.Collections;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Validation;

/// <summary>The entries of a list of fields, in order. A struct with a struct enumerator: a <c>foreach</c> over it allocates nothing.</summary>
public readonly struct FieldItems(Field list) : IEnumerable<Field>
{
    /// <summary>The enumerator a <c>foreach</c> uses.</summary>
    public Enumerator GetEnumerator() => new(list);

    IEnumerator<Field> IEnumerable<Field>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Walks the list.</summary>
    public struct Enumerator(Field list) : IEnumerator<Field>
    {
        private readonly JsonArray? _array = list.Node as JsonArray;
        private int _index = -1;

        /// <inheritdoc/>
        public readonly Field Current => list.At(_array!, _index);

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext() => _array is not null && ++_index < _array.Count;

        /// <inheritdoc/>
        public void Reset() => _index = -1;

        /// <inheritdoc/>
        public readonly void Dispose() { }
    }
}
