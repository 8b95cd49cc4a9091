using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.State;

/// <summary>Weights that evaluations were about and that are kept: those of the best one, and those that are to be averaged.</summary>
/// <param name="length">Numbers that the weights have.</param>
/// <param name="averaging">Which are kept for the average.</param>
internal sealed class EvaluatedWeights(int length, CheckpointAveraging averaging)
{
    private readonly List<float[]> _recent = [];

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

    /// <summary>Keeps weights where they are the best, or wanted for the average.</summary>
    /// <param name="weights">What the evaluation was about.</param>
    /// <param name="after">The counters after it.</param>
    /// <returns>The counters, with the scores of what is kept.</returns>
    public TrainingProgress Keep(ReadOnlySpan<float> weights, TrainingProgress after)
    {
        if (after.BestStep == after.Step && after.EvaluationsSinceBest == 0)
        {
            weights.CopyTo(Best ??= new float[length]);
        }
        var scores = CheckpointAveraging.Parse(after.KeptBleu).ToList();
        if (averaging.PlaceFor(scores, after.LastBleu) is not { } place)
        {
            return after;
        }
        // An array that falls out is filled again: these are large.
        var values = place < 0 ? new float[length] : _recent[place];
        if (place >= 0)
        {
            _recent.RemoveAt(place);
            scores.RemoveAt(place);
        }
        weights.CopyTo(values);
        _recent.Add(values);
        return after with { KeptBleu = CheckpointAveraging.Format([.. scores, after.LastBleu]) };
    }

    /// <summary>Makes room for what was kept elsewhere.</summary>
    /// <param name="best">Whether the best are among them.</param>
    /// <param name="recent">How many there are for the average.</param>
    public void Prepare(bool best, int recent)
    {
        Best = best ? Best ?? new float[length] : null;
        _recent.Clear();
        for (var i = 0; i < recent; i++)
        {
            _recent.Add(new float[length]);
        }
    }
}
