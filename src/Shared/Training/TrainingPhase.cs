namespace TrainingCluster.Training;

/// <summary>What a worker's training thread is doing.</summary>
public enum TrainingPhase
{
    /// <summary>Opens streams to its peers and waits for theirs.</summary>
    Connect,

    /// <summary>Computes a loss.</summary>
    Forward,

    /// <summary>Computes gradients; sums that are ready are exchanged meanwhile.</summary>
    Backward,

    /// <summary>Waits for the rest of the all-reduce.</summary>
    Exchange,

    /// <summary>Changes weights and moments.</summary>
    Update,

    /// <summary>Translates and scores the validation pair.</summary>
    Evaluate,

    /// <summary>Copies the state for a checkpoint.</summary>
    Snapshot,

    /// <summary>Chooses and hashes the final weights.</summary>
    Finish,
}

/// <summary>
/// Names the training thread by its phase ("train:backward"). The system shows the names: <c>top -H</c>, <c>ps -L</c> and
/// <c>perf</c> tell computing from waiting by them, and the fault harness hits a worker in the phase that it means to hit.
/// </summary>
public static class TrainingThread
{
    /// <summary>What each name begins with. Linux shows 15 characters of a name.</summary>
    public const string Prefix = "train:";

    private static readonly string[] s_names = [.. Enum.GetNames<TrainingPhase>().Select(name => Prefix + name.ToLowerInvariant())];

    /// <summary>The calling thread enters a phase.</summary>
    public static void Enter(TrainingPhase phase) => Thread.CurrentThread.Name = s_names[(int)phase];

    /// <summary>The phase that a thread's name tells. Null: it is no training thread.</summary>
    public static TrainingPhase? PhaseOf(string name) => Array.IndexOf(s_names, name) is >= 0 and var phase ? (TrainingPhase)phase : null;
}
