namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// A collective operation failed, and with it the generation's group. There is no result: what it wrote is to be computed again.
/// </summary>
public sealed class CollectiveException : Exception
{
    internal CollectiveException(CollectiveFailure failure)
        : base(failure.Message) => Failure = failure;

    /// <summary>The group's first failure.</summary>
    public CollectiveFailure Failure { get; }
}
