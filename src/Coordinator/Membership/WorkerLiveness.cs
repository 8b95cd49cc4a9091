using TrainingCluster.Coordinator.Control;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>Whether workers are still there.</summary>
/// <param name="settings">The times.</param>
internal sealed class WorkerLiveness(CoordinatorSettings settings)
{
    private DateTimeOffset? _heardNobody;

    /// <summary>
    /// Whether the coordinator hears from nobody, or did so until a moment ago: then it is rather cut off itself than everyone dead.
    /// </summary>
    public bool IsCutOff { get; private set; }

    /// <summary>Call before workers are judged.</summary>
    /// <param name="now">The time.</param>
    /// <param name="lastSeen">When each worker that is not lost registered last.</param>
    /// <returns>Whether <see cref="IsCutOff"/> is new.</returns>
    public bool Look(DateTimeOffset now, IReadOnlyCollection<DateTimeOffset> lastSeen)
    {
        var before = IsCutOff;
        if (lastSeen.Count > 0 && lastSeen.All(seen => seen + settings.AccusedTimeout <= now))
        {
            _heardNobody = now;
        }
        // When it is back, workers register one after another.
        IsCutOff = _heardNobody + settings.AccusedTimeout > now;
        return IsCutOff && !before;
    }

    /// <summary>Why a worker counts as lost. Null: it does not.</summary>
    /// <param name="now">The time.</param>
    /// <param name="lastSeen">When it registered last.</param>
    /// <param name="accused">Some member of the cluster cannot reach it.</param>
    /// <remarks>
    /// An accusation alone proves nothing: a worker that was stopped and runs again has heard from nobody for as long, and takes
    /// everyone else for dead. A worker that registers meanwhile is not. Nor is one whose accuser is the cut off coordinator.
    /// </remarks>
    public string? WhyLost(DateTimeOffset now, DateTimeOffset lastSeen, bool accused)
    {
        if (lastSeen + settings.RegistrationTimeout <= now)
        {
            return "it has not registered in time";
        }
        return accused && !IsCutOff && lastSeen + settings.AccusedTimeout <= now ? "it is unreachable" : null;
    }
}
