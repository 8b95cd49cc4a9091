using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>The change of the group that led to the present generation. One that fails prolongs it.</summary>
public sealed record GroupChange
{
    /// <summary>Why the present generation was made.</summary>
    public GenerationCause Cause { get; init; } = GenerationCause.Start;

    /// <summary>When the change that led to the present generation was noticed.</summary>
    public DateTimeOffset? NoticedAt { get; init; }

    /// <summary>How long the older generation had been silent when its fault was noticed; zero: there was no fault.</summary>
    public TimeSpan Detected { get; init; }

    /// <summary>Steps that are done again, or were broken off, in the change to the present generation.</summary>
    public long Discarded { get; init; }
}
