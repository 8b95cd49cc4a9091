namespace TrainingCluster.Modeling.Data;

/// <summary>The lengths, in tokens without special ones, of all training pairs.</summary>
public sealed class SentenceLengths
{
    private readonly int[] _source;
    private readonly int[] _target;

    /// <summary>Lengths given one by one: both arrays are by sentence number and equally long.</summary>
    public SentenceLengths(int[] source, int[] target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (source.Length != target.Length)
        {
            throw new ArgumentException($"{source.Length} source lengths but {target.Length} target lengths.", nameof(target));
        }
        (_source, _target) = (source, target);
    }

    /// <summary>The lengths of a dataset's training pairs.</summary>
    public SentenceLengths(Dataset dataset)
        : this(Of(dataset, dataset.SourceLength), Of(dataset, dataset.TargetLength)) { }

    /// <summary>Number of pairs.</summary>
    public int Count => _source.Length;

    /// <summary>Length of source sentence <paramref name="index"/>.</summary>
    public int Source(int index) => _source[index];

    /// <summary>Length of target sentence <paramref name="index"/>.</summary>
    public int Target(int index) => _target[index];

    private static int[] Of(Dataset dataset, Func<int, int> length) => [.. Enumerable.Range(0, dataset.TrainCount).Select(length)];
}
