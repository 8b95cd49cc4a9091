using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Modeling.Tokenization;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Training;

/// <summary>The micro-batches of a dataset, with words cut anew where the job asks for BPE dropout.</summary>
internal sealed class DatasetBatches : ITrainingBatches
{
    private readonly Dataset _dataset;
    private readonly JobSpec _spec;
    private readonly TrainingPlan _plan;

    /// <summary>The plan of a specification whose fields are filled in.</summary>
    public DatasetBatches(Dataset dataset, JobSpec spec)
    {
        (_dataset, _spec) = (dataset, spec);
        _plan = spec.PlanTraining(dataset);
    }

    public TrainingCursor Locate(long step) => _plan.Locate(step - 1);

    public IReadOnlyList<int> Sentences(long step, int shard) => _plan.MicroBatch(step - 1, shard);

    public long StepsInEpochs(int epochs) => _plan.StepsInEpochs(epochs);

    public Batch Build(long step, int shard)
    {
        var sentences = Sentences(step, shard);
        // A stream of its own, away from the model's dropout: the third key tells them apart.
        var dropout =
            _spec.Training.BpeDropout > 0
                ? new BpeDropout(_spec.Training.BpeDropout, new DeterministicRandom(_spec.Seed, (ulong)step, (ulong)shard, 1))
                : null;
        return BatchBuilder.Build(Tokens(_dataset.Source, sentences, dropout), Tokens(_dataset.Target, sentences, dropout));
    }

    private int[][] Tokens(Func<int, int[]> side, IReadOnlyList<int> sentences, BpeDropout? dropout)
    {
        var tokenizer = _dataset.Tokenizer;
        return
        [
            .. sentences.Select(sentence => dropout is null ? side(sentence) : tokenizer.Encode(tokenizer.Decode(side(sentence)), dropout)),
        ];
    }
}
