using TrainingCluster.V1;
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
    Action<WorkerReport> Report,
    ILogger Logger,
    TimeProvider Time
)
{
    /// <summary>What this worker says about a generation of a job.</summary>
    public Reports ReportsOf(string jobId, long generation) =>
        new(
            new JobHeader
            {
                JobId = jobId,
                Generation = generation,
                WorkerId = Options.WorkerId,
                Incarnation = Options.Incarnation,
            },
            Report
        );

    /// <summary>For files that live no longer than their use.</summary>
    public string TemporaryFolder => Path.Combine(Options.DataFolder, "temporary");
}
