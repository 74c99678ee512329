namespace Orchestrator.Actors.Caching;

public sealed partial class SortedEntries
{
    /// <summary>
    /// Several changes of one list, of which only the outcome is seen. A chunk is copied when it is first touched and changed in place from then on; chunks of
    /// the list it started from are never written. For one thread.
    /// </summary>
    internal sealed class Editor(SortedEntries source)
    {
        private Chunk[]? _chunks;
        private int _length;
        private int _count = source.Count;

        private Span<Chunk> Chunks => _chunks.AsSpan(0, _length);

        /// <summary>Adds an entry, or puts it in place of the one with its key.</summary>
        public void Set(ResourceEntry entry)
        {
            Open();
            if (_length == 0)
            {
                Insert(0, new Chunk([entry], 1, this));
                _count = 1;
                return;
            }
            var (at, index, found) = Locate(Chunks, entry.Key.Namespace, entry.Key.Name);
            var chunk = Own(at, found ? 0 : 1);
            if (!found)
            {
                Array.Copy(chunk.Items, index, chunk.Items, index + 1, chunk.Count - index);
                chunk.Count++;
                _count++;
            }
            chunk.Items[index] = entry;
            if (chunk.Count > MaxChunk) Split(at, chunk);
        }

        /// <summary>Takes a key out, if it is there.</summary>
        public void Remove(string ns, string name)
        {
            if (_count == 0) return;
            Open();
            var (at, index, found) = Locate(Chunks, ns, name);
            if (!found) return;
            _count--;
            if (Chunks[at].Count == 1)
            {
                Chunks[(at + 1)..].CopyTo(Chunks[at..]);
                _length--;
                return;
            }
            var chunk = Own(at, 0);
            Array.Copy(chunk.Items, index + 1, chunk.Items, index, chunk.Count - index - 1);
            chunk.Items[--chunk.Count] = null!;
        }

        /// <summary>The changed list; the editor is of no use afterwards.</summary>
        public SortedEntries Close()
        {
            if (_chunks is null) return source;
            if (_length == 0) return Empty;
            foreach (var chunk in Chunks)
                if (chunk.Editor is not null) chunk.Editor = null; // or a closed editor would stay in memory as long as the chunk
            return new SortedEntries(_length == _chunks.Length ? _chunks : [.. Chunks], _count);
        }

        private void Open()
        {
            if (_chunks is not null) return;
            _chunks = [.. source._chunks];
            _length = _chunks.Length;
        }

        /// <summary>The chunk as one of this editor, with room for <paramref name="more"/> items.</summary>
        private Chunk Own(int at, int more)
        {
            var chunk = Chunks[at];
            var owned = ReferenceEquals(chunk.Editor, this);
            if (owned && chunk.Count + more <= chunk.Items.Length) return chunk;
            // A little room, so that the items that come next do not move everything again.
            var items = new ResourceEntry[more == 0 ? chunk.Count : chunk.Count + more + chunk.Count / 8];
            Array.Copy(chunk.Items, items, chunk.Count);
            if (owned) chunk.Items = items;
            else Chunks[at] = chunk = new Chunk(items, chunk.Count, this);
            return chunk;
        }

        private void Split(int at, Chunk chunk)
        {
            var half = chunk.Count / 2;
            var second = new Chunk(chunk.Items[half..chunk.Count], chunk.Count - half, this);
            chunk.Items = chunk.Items[..half];
            chunk.Count = half;
            Insert(at + 1, second);
        }

        private void Insert(int at, Chunk chunk)
        {
            if (_length == _chunks!.Length) Array.Resize(ref _chunks, _length + 8);
            _length++;
            Chunks[at..^1].CopyTo(Chunks[(at + 1)..]);
            Chunks[at] = chunk;
        }
    }
}
