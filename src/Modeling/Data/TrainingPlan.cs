namespace TrainingCluster.Modeling.Data;

/// <summary>The plans of all epochs of one job. Not thread-safe.</summary>
/// <param name="lengths">Lengths of all sentences; at least one sentence.</param>
/// <param name="fingerprint">The dataset's fingerprint.</param>
/// <param name="seed">The job's seed.</param>
/// <param name="tokensPerMicroBatch">Token budget of one micro-batch, padding included.</param>
/// <param name="logicalShards">V.</param>
public sealed class TrainingPlan(SentenceLengths lengths, string fingerprint, ulong seed, int tokensPerMicroBatch, int logicalShards)
{
    private readonly SentenceLengths _lengths =
        lengths.Count > 0 ? lengths : throw new ArgumentException("There is no sentence to train on.", nameof(lengths));
    private readonly List<int> _stepsOfEpochs = [];
    private BatchPlan? _latest;
    private BatchPlan? _other;

    /// <summary>The plan of a dataset.</summary>
    public TrainingPlan(Dataset dataset, ulong seed, int tokensPerMicroBatch, int logicalShards)
        : this(new SentenceLengths(dataset), dataset.Fingerprint, seed, tokensPerMicroBatch, logicalShards) { }

    /// <summary>The plan of one epoch, from 0; the two asked for last are kept: a round of DiLoCo may go over an epoch's end.</summary>
    public BatchPlan Epoch(int epoch)
    {
        if (_latest?.Epoch != epoch)
        {
            (_latest, _other) = (_other, _latest);
        }
        if (_latest?.Epoch != epoch)
        {
            _latest = new BatchPlan(_lengths, fingerprint, seed, epoch, tokensPerMicroBatch, logicalShards);
        }
        return _latest;
    }

    /// <summary>Where a step of the job stands. Plans every epoch before it once, since each may have its own number of steps.</summary>
    public TrainingCursor Locate(long globalStep) => TrainingCursor.Locate(globalStep, StepsInEpoch);

    /// <summary>Sentences of one micro-batch of a step of the job.</summary>
    public IReadOnlyList<int> MicroBatch(long globalStep, int shard)
    {
        var cursor = Locate(globalStep);
        return Epoch(cursor.Epoch).MicroBatch(cursor.StepInEpoch, shard);
    }

    /// <summary>Steps that the first <paramref name="epochs"/> epochs take together.</summary>
    public long StepsInEpochs(int epochs)
    {
        var steps = 0L;
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            steps += StepsInEpoch(epoch);
        }
        return steps;
    }

    /// <summary>Steps of one epoch, from 0.</summary>
    public int StepsInEpoch(int epoch)
    {
        while (_stepsOfEpochs.Count <= epoch)
        {
            _stepsOfEpochs.Add(Epoch(_stepsOfEpochs.Count).StepsPerEpoch);
        }
        return _stepsOfEpochs[epoch];
    }
}
