namespace TrainingCluster.Worker.AllReduce;

/// <summary>One frame's worth of the gradient: a slice of one owner's chunk of one bucket.</summary>
/// <param name="Bucket">The bucket's index.</param>
/// <param name="Owner">The rank that adds it up.</param>
/// <param name="Offset">Where it begins, in bytes from the chunk's start.</param>
/// <param name="Range">Where it lies in the flat buffer.</param>
internal readonly record struct Slice(int Bucket, int Owner, long Offset, FlatRange Range);

/// <summary>All slices of the flat gradient in a generation, numbered in buffer order. The same on every member.</summary>
internal sealed class SliceTable
{
    private readonly Slice[] _slices;
    private readonly int[] _first;
    private readonly int _owners;
    private readonly int _frameFloats;

    public SliceTable(BucketLayout layout, int owners, int frameFloats)
    {
        (_owners, _frameFloats) = (owners, frameFloats);
        _first = new int[(layout.Buckets.Count * owners) + 1];
        var slices = new List<Slice>();
        foreach (var bucket in layout.Buckets)
        {
            for (var owner = 0; owner < owners; owner++)
            {
                _first[(bucket.Index * owners) + owner] = slices.Count;
                var chunk = BucketLayout.Chunk(bucket.Range, owner, owners);
                foreach (var range in BucketLayout.Slices(chunk, frameFloats))
                {
                    slices.Add(new Slice(bucket.Index, owner, (long)(range.Offset - chunk.Offset) * sizeof(float), range));
                }
            }
        }

        _first[^1] = slices.Count;
        _slices = [.. slices];
    }

    public int Count => _slices.Length;

    public int Buckets => _first.Length / _owners;

    public Slice this[int index] => _slices[index];

    /// <summary>The numbers of a bucket's slices: first, and one past the last.</summary>
    public (int From, int To) OfBucket(int bucket) => (_first[bucket * _owners], _first[(bucket + 1) * _owners]);

    public int CountOwnedBy(int rank) => _slices.Count(slice => slice.Owner == rank);

    /// <summary>The slice that a frame speaks of, or -1 if there is none like it.</summary>
    /// <param name="bucket">The bucket's index.</param>
    /// <param name="owner">Who adds it up.</param>
    /// <param name="offset">In bytes from the chunk's start.</param>
    /// <param name="floats">Its length; null: the frame does not say.</param>
    public int Find(int bucket, int owner, long offset, int? floats)
    {
        if (bucket < 0 || bucket >= Buckets || owner < 0 || owner >= _owners || offset < 0)
        {
            return -1;
        }
        var slot = (bucket * _owners) + owner;
        var index = _first[slot] + (offset / sizeof(float) / _frameFloats);
        if (index >= _first[slot + 1])
        {
            return -1;
        }
        var slice = _slices[index];
        return slice.Offset == offset && (floats ?? slice.Range.Length) == slice.Range.Length ? (int)index : -1;
    }
}
