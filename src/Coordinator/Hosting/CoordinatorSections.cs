using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Settings;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>What people can set of the coordinator.</summary>
public static class CoordinatorSections
{
    /// <summary>In the order of the documents.</summary>
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new SettingsSection<CoordinatorSettings>("Membership"),
        new SettingsSection<JobMachineOptions>("Jobs"),
        new SettingsSection<RebalanceOptions>("Rebalance"),
        new SettingsSection<QueueOptions>("Queue"),
        new SettingsSection<ServingOptions>("Serving"),
        new SettingsSection<KubernetesOptions>("Kubernetes"),
        new SettingsSection<HeartbeatOptions>("Heartbeats"),
        new SettingsSection<HealthOptions>("Health"),
        new SettingsSection<LoggingOptions>(LoggingCommandOptions.Section),
    ];
}
