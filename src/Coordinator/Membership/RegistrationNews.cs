using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>Whether a registration says anything that the one before did not.</summary>
internal static class RegistrationNews
{
    /// <summary>
    /// True: who works for whom may depend on what is new in it. A step more is no such news: a worker of a large group would make work for
    /// the whole group with every registration.
    /// </summary>
    /// <param name="before">Of the same process.</param>
    /// <param name="now">The newer one.</param>
    public static bool Tells(RegisterWorker before, RegisterWorker now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        return before.CollectiveAddress != now.CollectiveAddress
            || before.Arithmetic?.Fingerprint != now.Arithmetic?.Fingerprint
            || Held(before.Running) != Held(now.Running);
    }

    private static (string JobId, long Generation, bool HasState, bool Training, bool Ready)? Held(RunningJob? running) =>
        running is null ? null : (running.JobId, running.Generation, running.HasState, running.Training, running.Ready);
}
