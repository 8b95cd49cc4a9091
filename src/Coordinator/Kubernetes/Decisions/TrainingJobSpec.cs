using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>What a TrainingJob's specification says.</summary>
internal sealed record TrainingJobSpec
{
    /// <summary>The job, as its files name it; only to be used without violations.</summary>
    public required JobSpec Job { get; init; }

    /// <summary>Where its text is; null: it names a dataset that the coordinator holds.</summary>
    public TextPlace? Text { get; init; }

    /// <summary>Who carries it out; empty: we do.</summary>
    public string ManagedBy { get; init; } = "";

    /// <summary>How long it is kept after its end; null: for ever.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>Everything that is wrong with it.</summary>
    public required IReadOnlyList<SpecViolation> Violations { get; init; }

    /// <summary>The violations for people; empty: none.</summary>
    public string Problem =>
        string.Join("; ", Violations.Select(v => v.Field.Length > 0 ? $"spec.{v.Field}: {v.Description}" : v.Description));
}

/// <summary>Where the files of a job's text are.</summary>
/// <param name="IsConfigMap">Keys of a ConfigMap; else a folder of the coordinator.</param>
/// <param name="Name">The ConfigMap's or the folder's.</param>
internal sealed record TextPlace(bool IsConfigMap, string Name);
