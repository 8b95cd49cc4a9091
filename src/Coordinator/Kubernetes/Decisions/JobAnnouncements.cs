using System.Globalization;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>Which events of a job Kubernetes is told of, and in which words.</summary>
internal static class JobAnnouncements
{
    /// <summary>Causes of a new group that are no plan of ours: something had broken.</summary>
    private static readonly GenerationCause[] s_recoveries =
    [
        GenerationCause.WorkerLost,
        GenerationCause.WorkerFailed,
        GenerationCause.TimedOut,
        GenerationCause.CoordinatorRestarted,
    ];

    /// <summary>The group was made anew because something had broken.</summary>
    public static bool IsRecovery(GenerationChanged change) => s_recoveries.Contains(change.Cause);

    /// <summary>What to tell of events, oldest first. Of checkpoints that are stored only the newest: they come often.</summary>
    public static IEnumerable<Announcement> Of(IReadOnlyList<JobEvent> events)
    {
        var stored = events.LastOrDefault(e => e.Checkpoint is { Error.Length: 0 });
        return events.Where(e => e.Checkpoint is not { Error.Length: 0 } || e == stored).Select(Of).OfType<Announcement>();
    }

    private static Announcement? Of(JobEvent e) =>
        e.EventCase switch
        {
            JobEvent.EventOneofCase.State => State(e),
            JobEvent.EventOneofCase.Generation => Group(e),
            JobEvent.EventOneofCase.Checkpoint => Checkpoint(e),
            _ => null,
        };

    private static Announcement State(JobEvent e)
    {
        var state = e.State.State;
        return Say(e, state is JobState.Failed or JobState.Cancelled, StatusView.StateOf(state), e.State.Reason);
    }

    private static Announcement Group(JobEvent e)
    {
        var group = e.Generation;
        var workers = group.Workers.Count == 1 ? "1 worker" : $"{group.Workers.Count} workers";
        var who = $"{workers} ({string.Join(", ", group.Workers)})";
        var after = group.RecoveryDuration is { } duration ? $" after {Seconds(duration)} s" : "";
        var lost = group.DiscardedStepCount switch
        {
            0 => "",
            1 => "; 1 step is done again",
            var steps => $"; {steps} steps are done again",
        };
        return group.Cause == GenerationCause.Start
                ? Say(e, false, "Rendezvous", $"generation {group.Generation}: {who} train from step {group.BaseStep}")
            : IsRecovery(group)
                ? Say(
                    e,
                    true,
                    "Recovered",
                    $"generation {group.Generation}: {group.Reason}; {who} go on from step {group.BaseStep}{after}{lost}"
                )
            : Say(
                e,
                false,
                "Regrouped",
                $"generation {group.Generation}: {group.Reason}; {who} go on from step {group.BaseStep}{after}{lost}"
            );
    }

    private static Announcement Checkpoint(JobEvent e)
    {
        var checkpoint = e.Checkpoint;
        var seconds = Seconds(checkpoint.StoreDuration ?? new());
        return checkpoint.Error.Length > 0
            ? Say(e, true, "CheckpointFailed", $"the checkpoint of step {checkpoint.Step} could not be stored: {checkpoint.Error}")
            : Say(
                e,
                false,
                "CheckpointStored",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the checkpoint of step {checkpoint.Step} is stored: {checkpoint.SizeBytes / 1e6:0.0} MB in {seconds} s"
                )
            );
    }

    private static string Seconds(Google.Protobuf.WellKnownTypes.Duration duration) =>
        duration.ToTimeSpan().TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);

    private static Announcement Say(JobEvent e, bool isWarning, string reason, string message) =>
        new(e.Token, isWarning, reason, message, e.EventTime.ToDateTimeOffset());
}
