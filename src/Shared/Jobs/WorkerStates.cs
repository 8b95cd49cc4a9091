using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>What workers do, in words.</summary>
public static class WorkerStates
{
    /// <summary>All but the one that is never sent.</summary>
    public static IReadOnlyList<WorkerState> All { get; } = [.. Enum.GetValues<WorkerState>().Where(s => s != WorkerState.Unspecified)];

    /// <summary>The state in lower case, as people and labels have it.</summary>
    public static string Word(this WorkerState state) => state.ToString().ToLowerInvariant();
}
