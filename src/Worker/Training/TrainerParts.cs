using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Checkpoints;
using TrainingCluster.Worker.Datasets;

namespace TrainingCluster.Worker.Training;

/// <summary>What every generation on this worker uses.</summary>
internal sealed record TrainerParts(
    TrainerOptions Options,
    CollectiveHost Host,
    DatasetCache Datasets,
    CoordinatorFiles Files,
    Action<Google.Protobuf.IMessage> Report,
    ILogger Logger,
    TimeProvider Time
)
{
    /// <summary>For files that live no longer than their use.</summary>
    public string TemporaryFolder => Path.Combine(Options.DataFolder, "temporary");
}
