using TrainingCluster.Coordinator.Control;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>Whether a worker is still there.</summary>
internal static class WorkerLiveness
{
    /// <summary>Why a worker counts as lost. Null: it does not.</summary>
    /// <param name="now">The time.</param>
    /// <param name="lastSeen">When it registered last.</param>
    /// <param name="accused">Some member of the cluster cannot reach it.</param>
    /// <param name="settings">The times.</param>
    /// <remarks>
    /// An accusation alone proves nothing: a worker that was stopped and runs again has heard from nobody for as long, and takes
    /// everyone else for dead. A worker that registers meanwhile is not.
    /// </remarks>
    public static string? WhyLost(DateTimeOffset now, DateTimeOffset lastSeen, bool accused, CoordinatorSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (lastSeen + settings.RegistrationTimeout <= now)
        {
            return "it has not registered in time";
        }
        return accused && lastSeen + settings.AccusedTimeout <= now ? "it is unreachable" : null;
    }
}
