namespace TrainingCluster.Worker.AllReduce;

/// <summary>What a piece of a share of the state is. The number travels in the frame.</summary>
internal enum ShareSection
{
    /// <summary>Weights after the step's update.</summary>
    Weights = 0,

    /// <summary>AdamW's first moment.</summary>
    FirstMoment = 1,

    /// <summary>AdamW's second moment.</summary>
    SecondMoment = 2,
}
