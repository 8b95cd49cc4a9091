using TrainingCluster.Coordinator.Store;

namespace TrainingCluster.Coordinator.Web;

/// <summary>What the page that compares jobs shows.</summary>
/// <param name="Jobs">Those that were found.</param>
/// <param name="Missing">Ids of those that were not.</param>
public sealed record ComparePageView(IReadOnlyList<StoredJob> Jobs, IReadOnlyList<string> Missing)
{
    /// <summary>More cannot be told apart.</summary>
    public const int MostJobs = 8;

    /// <summary>Settings that are not the same in all, each with its value in every job.</summary>
    public IReadOnlyList<(string Path, IReadOnlyList<string> Values)> Differences =>
        [
            .. Jobs.SelectMany((job, i) => SpecificationView.Of(job.Spec).Select(s => (s.Path, s.Value, Job: i)))
                .GroupBy(s => s.Path, StringComparer.Ordinal)
                .Select(setting =>
                {
                    var values = Enumerable.Repeat("", Jobs.Count).ToArray();
                    foreach (var (_, value, job) in setting)
                    {
                        values[job] = value;
                    }
                    return (setting.Key, (IReadOnlyList<string>)values);
                })
                .Where(setting => setting.Item2.Distinct(StringComparer.Ordinal).Count() > 1),
        ];
}
