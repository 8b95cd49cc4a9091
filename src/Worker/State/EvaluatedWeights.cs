using System.Security.Cryptography;
using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.State;

/// <summary>Weights that evaluations were about and that are kept: those of the best one, and those that are to be averaged.</summary>
/// <remarks>
/// Each set lies in an array that is never changed while it is kept or read: who takes a snapshot needs no copy. Arrays that are of no
/// use any more are filled again, since they are as large as the model.
/// </remarks>
/// <param name="length">Numbers that the weights have.</param>
/// <param name="averaging">Which are kept for the average.</param>
internal sealed class EvaluatedWeights(int length, CheckpointAveraging averaging)
{
    private readonly List<float[]> _recent = [];
    private readonly List<float[]> _fallenOut = [];
    private readonly Stack<float[]> _free = [];
    private int _readers;
    private string? _sha256;

    /// <summary>Of the best evaluation; null before the first.</summary>
    public float[]? Best { get; private set; }

    /// <summary>For the average, oldest first.</summary>
    public IReadOnlyList<float[]> Recent => _recent;

    /// <summary>How many are kept for the average, at most.</summary>
    public int Most => averaging.Count;

    /// <summary>All, in a fixed order.</summary>
    public IReadOnlyList<StateSection> Sections =>
        [
            .. Best is null ? Array.Empty<StateSection>() : [new StateSection("best", Best)],
            .. _recent.Select((values, i) => new StateSection($"recent.{i}", values)),
        ];

    /// <summary>SHA-256 over all of them. They change with evaluations only: a generation that begins need not read them again.</summary>
    public string Sha256
    {
        get
        {
            if (_sha256 is null)
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                StateSection.AppendTo(hash, Sections);
                _sha256 = Convert.ToHexString(hash.GetHashAndReset());
            }
            return _sha256;
        }
    }

    /// <summary>Keeps weights where they are the best, or wanted for the average.</summary>
    /// <param name="weights">What the evaluation was about.</param>
    /// <param name="after">The counters after it.</param>
    /// <returns>The counters, with the scores of what is kept.</returns>
    public TrainingProgress Keep(ReadOnlySpan<float> weights, TrainingProgress after)
    {
        var isBest = after.BestStep == after.Step && after.EvaluationsSinceBest == 0;
        var scores = CheckpointAveraging.Parse(after.KeptBleu).ToList();
        var place = averaging.PlaceFor(scores, after.LastBleu);
        if (isBest)
        {
            var before = Best;
            Best = null;
            Drop(before);
        }
        if (place is >= 0 and { } at)
        {
            var fallen = _recent[at];
            _recent.RemoveAt(at);
            scores.RemoveAt(at);
            Drop(fallen);
        }
        if (!isBest && place is null)
        {
            return after;
        }

        _sha256 = null;
        var values = Take();
        weights.CopyTo(values);
        if (isBest)
        {
            Best = values;
        }
        if (place is null)
        {
            return after;
        }
        _recent.Add(values);
        return after with { KeptBleu = CheckpointAveraging.Format([.. scores, after.LastBleu]) };
    }

    /// <summary>Makes room for what was kept elsewhere. Call <see cref="Received"/> when it is there.</summary>
    /// <param name="best">Whether the best are among them.</param>
    /// <param name="recent">How many there are for the average.</param>
    public void Prepare(bool best, int recent)
    {
        float[]?[] before = [Best, .. _recent];
        _sha256 = null;
        Best = null;
        _recent.Clear();
        foreach (var array in before.Distinct())
        {
            Drop(array);
        }
        Best = best ? Take() : null;
        for (var i = 0; i < recent; i++)
        {
            _recent.Add(Take());
        }
    }

    /// <summary>The arrays have been filled. Where the best are also kept for the average, one is enough.</summary>
    public void Received()
    {
        _sha256 = null;
        if (Best is { } best && _recent.Find(values => values != best && values.AsSpan().SequenceEqual(best)) is { } same)
        {
            Best = same;
            Drop(best);
        }
    }

    /// <summary>Until <see cref="EndRead"/> the arrays of <see cref="Sections"/> stay as they are.</summary>
    public void BeginRead() => _readers++;

    /// <summary>One who read them has finished.</summary>
    public void EndRead()
    {
        if (--_readers > 0)
        {
            return;
        }
        _fallenOut.ForEach(_free.Push);
        _fallenOut.Clear();
    }

    private float[] Take() => _free.TryPop(out var array) ? array : new float[length];

    private void Drop(float[]? array)
    {
        if (array is null || array == Best || _recent.Contains(array))
        {
            return;
        }
        if (_readers > 0)
        {
            _fallenOut.Add(array);
        }
        else
        {
            _free.Push(array);
        }
    }
}
