namespace TrainingCluster.Worker.AllReduce;

/// <summary>Why a collective operation ended without a result.</summary>
public enum CollectiveError
{
    /// <summary>This worker ended the generation itself: a newer one is being prepared, or the job stops.</summary>
    Aborted,

    /// <summary>A peer ended the generation in order: it was told to.</summary>
    PeerLeft,

    /// <summary>A peer's connection broke or could not be made.</summary>
    PeerUnreachable,

    /// <summary>A peer stayed silent for too long.</summary>
    DeadlineExceeded,

    /// <summary>A peer is already in a newer generation.</summary>
    StaleGeneration,

    /// <summary>A peer sent what it could not have meant.</summary>
    Corrupt,

    /// <summary>The members do not hold the same state or plan.</summary>
    Diverged,
}

/// <summary>Why a generation's group ended. Whoever waits in it gets it as a <see cref="CollectiveException"/>.</summary>
/// <param name="Error">What kind of failure.</param>
/// <param name="Message">A sentence for people.</param>
/// <param name="Suspects">Ids of the workers that seem to be the cause; empty when none is.</param>
public sealed record CollectiveFailure(CollectiveError Error, string Message, IReadOnlyList<string> Suspects)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Error}: {Message}";
}
