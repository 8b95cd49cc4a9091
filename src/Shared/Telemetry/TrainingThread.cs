namespace TrainingCluster.Telemetry;

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
/// Names the training thread by its phase ("train:backward"). The system shows the names: <c>top -H</c> and <c>ps -L</c> tell
/// computing from waiting by them, and the fault harness hits a worker in the phase that it means to hit.
/// </summary>
public static class TrainingThread
{
    /// <summary>Linux shows 15 characters of a name.</summary>
    private const string Prefix = "train:";

    private static readonly string[] s_names = [.. Enum.GetNames<TrainingPhase>().Select(name => Prefix + name.ToLowerInvariant())];

    /// <summary>How long the phases of this process' training thread take.</summary>
    public static PhaseClock Clock { get; } = new(TimeProvider.System);

    /// <summary>The calling thread is a generation's training thread from now on, and in its first phase.</summary>
    public static void Begin()
    {
        Thread.CurrentThread.Name = s_names[(int)TrainingPhase.Connect];
        Clock.Enter(TrainingPhase.Connect);
    }

    /// <summary>The training thread has done its work.</summary>
    public static void End() => Clock.Enter(null);

    /// <summary>The calling thread enters a phase. Another than a training thread, which warms up for one, keeps its name.</summary>
    public static void Enter(TrainingPhase phase)
    {
        if (Thread.CurrentThread.Name?.StartsWith(Prefix, StringComparison.Ordinal) == true)
        {
            Thread.CurrentThread.Name = s_names[(int)phase];
            Clock.Enter(phase);
        }
    }

    /// <summary>The phase that a thread's name tells. Null: it is no training thread.</summary>
    public static TrainingPhase? PhaseOf(string name) => Array.IndexOf(s_names, name) is >= 0 and var phase ? (TrainingPhase)phase : null;
}
