namespace TrainingCluster.Worker.Training;

/// <summary>The job cannot go on anywhere.</summary>
/// <param name="Code">For programs: NON_FINITE, BAD_DATASET, BAD_SPECIFICATION, OUT_OF_MEMORY.</param>
/// <param name="Message">For people: what, where, and what to do.</param>
internal sealed record JobFault(string Code, string Message);

/// <summary>What became of a step that is done.</summary>
internal sealed record StepResult
{
    /// <summary>The job must end.</summary>
    public JobFault? Fault { get; init; }

    /// <summary>The step, or the last one of a round.</summary>
    public long Step { get; init; }

    /// <summary>Steps in the round: more than one with DiLoCo.</summary>
    public long Steps { get; init; } = 1;

    public int Epoch { get; init; }

    public StepTotals Totals { get; init; }

    public double LearningRate { get; init; }

    /// <summary>Of the gradient a target token, before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>No update was made, for NaN or Inf.</summary>
    public bool Skipped { get; init; }

    /// <summary>Where NaN or Inf came from.</summary>
    public IReadOnlyList<int> NonFiniteShards { get; init; } = [];

    /// <summary>The first member has said that a checkpoint is due after this step.</summary>
    public bool CheckpointAnnounced { get; init; }

    /// <summary>Forward and backward, with the additions in between.</summary>
    public TimeSpan Compute { get; init; }

    /// <summary>Waiting for the all-reduce after backward.</summary>
    public TimeSpan Exchange { get; init; }

    /// <summary>Norm and optimizer.</summary>
    public TimeSpan Update { get; init; }

    /// <summary>Sharded optimizer: of the update, waiting for the others and taking the weights of their shares.</summary>
    public TimeSpan Gather { get; init; }

    public TimeSpan Total { get; init; }
}
