namespace TrainingCluster.Worker.AllReduce;

/// <summary>How far a member has come with a step whose optimizer is sharded, once its gradient is whole.</summary>
internal enum CommitPhase
{
    /// <summary>It is about to say that it is prepared.</summary>
    Preparing,

    /// <summary>All are prepared; it is about to update its shares.</summary>
    Applying,

    /// <summary>It has updated its shares; it is about to send and take weights.</summary>
    Gathering,
}
