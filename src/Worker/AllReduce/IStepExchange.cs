namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The all-reduce of one step on one member. Slices do not wait for one another: each is added as soon as its operands are here and
/// sent as soon as it is added, while backward computes the next bucket.
/// </summary>
/// <remarks>
/// May come into being by a peer's early frame; nothing is written into the gradient buffer before this worker's own part of the
/// slice was submitted.
/// </remarks>
internal interface IStepExchange
{
    /// <summary>
    /// Hands over one subtree's sum of one bucket. Returns at once; the buffer must stay as it is in this range until the step is
    /// complete or the group is disposed.
    /// </summary>
    /// <param name="bucket">Index of the bucket.</param>
    /// <param name="node">One of this worker's largest subtrees.</param>
    /// <param name="buffer">The flat buffer that holds its sum. The exchange may add others' sums to it.</param>
    void Submit(int bucket, Subtree node, Memory<float> buffer);

    /// <summary>
    /// Waits until the buffer of the last submitted subtree holds the sum over all shards, and until everything that this worker
    /// owes the others has been sent, and copied by those who read it in this worker's memory.
    /// </summary>
    /// <param name="ownPart">How long this worker took for its own part of the step; the time limit follows from it.</param>
    /// <exception cref="CollectiveException">The group ended: the gradient is unusable.</exception>
    void Complete(TimeSpan ownPart);

    /// <summary>Takes a peer's frame. Returns what is wrong with it, or null.</summary>
    string? Receive(int sender, CollectiveFrame frame);

    /// <summary>Lets go of what was received for a step that will not be completed.</summary>
    void Abandon();
}
