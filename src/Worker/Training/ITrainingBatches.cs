using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Worker.Training;

/// <summary>What a job trains on: the micro-batch of each step and shard, always the same.</summary>
internal interface ITrainingBatches
{
    /// <summary>Epoch and place of a step, from 1.</summary>
    TrainingCursor Locate(long step);

    /// <summary>Numbers of the sentences that make up a micro-batch.</summary>
    IReadOnlyList<int> Sentences(long step, int shard);

    /// <summary>A micro-batch.</summary>
    Batch Build(long step, int shard);

    /// <summary>Steps in the first epochs together.</summary>
    long StepsInEpochs(int epochs);
}
