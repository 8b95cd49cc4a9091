namespace TrainingCluster.Worker.AllReduce;

/// <summary>What the mailbox messages of a step are about. The number travels in the frame.</summary>
internal enum MailboxTopic
{
    /// <summary>State and plan on which the members must agree before they begin.</summary>
    Agreement = 1,

    /// <summary>Token counts and losses of a step's shards, and whether a checkpoint is due.</summary>
    StepTotals = 2,

    /// <summary>Shards whose gradient is not finite.</summary>
    NonFiniteShards = 3,

    /// <summary>Statistics of the validation slices.</summary>
    Evaluation = 4,

    /// <summary>The member has what it needs and leaves in order.</summary>
    Barrier = 5,

    /// <summary>Statistics of the validation slices under the averaged weights.</summary>
    AverageEvaluation = 6,

    /// <summary>Gradient buffers that peers on the same machine may read in place.</summary>
    MemoryOffer = 7,

    /// <summary>Which of the offered memory this member reads.</summary>
    MemoryAnswer = 8,

    /// <summary>The step totals of all members, on their way down the tree of a large group.</summary>
    StepTotalsOfAll = 9,

    /// <summary>Sharded optimizer: the member has the step's whole gradient and all totals: it can apply the update.</summary>
    Prepared = 20,
}
