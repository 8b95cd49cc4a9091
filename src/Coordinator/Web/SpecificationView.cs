using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>A specification as a list.</summary>
internal static class SpecificationView
{
    /// <summary>Every setting that is given, with its path and value as a job file has them.</summary>
    public static IEnumerable<(string Path, string Value)> Of(JobSpec spec) =>
        from setting in JobSettings.All
        let value = setting.ValueIn(spec)
        where value is not null
        select (setting.Path, SettingText.Format(value));
}
