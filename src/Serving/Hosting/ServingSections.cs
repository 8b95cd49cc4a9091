using TrainingCluster.Logging;
using TrainingCluster.Serving.Batching;
using TrainingCluster.Serving.Models;
using TrainingCluster.Settings;

namespace TrainingCluster.Serving.Hosting;

/// <summary>What people can set of the server of translations.</summary>
public static class ServingSections
{
    /// <summary>In the order of the documents.</summary>
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new SettingsSection<BatchingOptions>("Batching"),
        new SettingsSection<ModelSettings>("Models"),
        new SettingsSection<CallSettings>("Calls"),
        new SettingsSection<LoggingOptions>(LoggingCommandOptions.Section),
    ];
}
