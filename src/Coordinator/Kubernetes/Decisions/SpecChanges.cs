using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>In what an object and the job that was made of it differ.</summary>
/// <param name="Followed">Paths of settings that a job can take over while it lives.</param>
/// <param name="Refused">Why the job stays as it is, for people; empty: it is as the object says.</param>
internal sealed record SpecChanges(IReadOnlyList<string> Followed, string Refused)
{
    /// <summary>What may change while a job lives. Suspending is a command of its own.</summary>
    private static readonly string[] s_mutable = ["priority", "workers.max"];

    /// <summary>The object stands for these by other means, or the coordinator fills them in.</summary>
    private static readonly string[] s_apart =
    [
        "name",
        "suspend",
        "ttlSecondsAfterFinished",
        "dataset.source",
        "dataset.target",
        "dataset.validSource",
        "dataset.validTarget",
    ];

    /// <summary>Holds an object against its job.</summary>
    /// <param name="wanted">What the object says.</param>
    /// <param name="job">What the job was made with, every field filled in.</param>
    public static SpecChanges Between(TrainingJobSpec wanted, JobSpec job)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.Violations.Count > 0)
        {
            return new([], $"the job goes on as it was made: {wanted.Problem}");
        }
        var filled = JobSpecDefaults.Fill(wanted.Job);
        var changed = JobSettings
            .All.Where(setting => !s_apart.Contains(setting.Path))
            .Where(setting => wanted.Text is null || setting.Path != "dataset.fingerprint")
            .Where(setting => !Equals(setting.ValueIn(filled), setting.ValueIn(job)))
            .ToList();
        var refused = changed
            .Where(setting => !s_mutable.Contains(setting.Path))
            .Select(setting =>
                $"spec.{setting.Path} is {Text(setting.ValueIn(filled))}, but the job was made with {Text(setting.ValueIn(job))}"
            )
            .ToList();
        return new(
            [.. changed.Select(setting => setting.Path).Where(s_mutable.Contains)],
            refused.Count > 0 ? $"{string.Join("; ", refused)}; a job keeps these: make a new TrainingJob" : ""
        );
    }

    private static string Text(object? value) => value is null ? "left out" : SettingText.Format(value);
}
