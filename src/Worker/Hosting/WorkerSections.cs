using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Settings;
using TrainingCluster.Worker.Actors;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Hosting;

/// <summary>The times of a worker that people can set.</summary>
public static class WorkerSections
{
    /// <summary>In the order of the documents.</summary>
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new SettingsSection<WorkerTimes>("Worker"),
        new SettingsSection<WorkerActorSettings>("Registration"),
        new SettingsSection<CollectiveOptions>("Collective"),
        new SettingsSection<TrainerOptions>("Training"),
        new SettingsSection<HeartbeatOptions>("Heartbeats"),
        new SettingsSection<HealthOptions>("Health"),
        new SettingsSection<LoggingOptions>(LoggingCommandOptions.Section),
    ];
}
