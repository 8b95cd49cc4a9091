using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Web;

namespace TrainingCluster.Coordinator.Alerts;

/// <summary>
/// The rules of <c>deploy/prometheus/rules.yaml</c> that follow from what the coordinator knows now, so that its page shows them without
/// a Prometheus. A test holds names, severities and times against that file. Those that need a history of rates are Prometheus' alone.
/// </summary>
internal static class AlertRules
{
    /// <summary>No step for so long, and then for <see cref="AlertRule.For"/>: the job is stalled.</summary>
    internal static readonly TimeSpan s_stalled = TimeSpan.FromMinutes(10);

    /// <summary>A checkpoint older than this is old.</summary>
    internal static readonly TimeSpan s_oldCheckpoint = TimeSpan.FromHours(1);

    /// <summary>A certificate that ends within this is near its end.</summary>
    internal static readonly TimeSpan s_certificateEnd = TimeSpan.FromDays(7);

    /// <summary>A smaller share of free bytes is low.</summary>
    internal const double LowDisk = 0.1;

    /// <summary>The gravest first.</summary>
    public static IReadOnlyList<AlertRule> All { get; } =
    [
        new("TrainingJobFailed", "critical", TimeSpan.Zero, facts => facts.Failed.Select(job => Of(job, $"has failed: {job.Reason}"))),
        new(
            "TrainingJobStalled",
            "critical",
            TimeSpan.FromMinutes(5),
            facts =>
                facts
                    .Running.Where(job => job.Vital is { } vital && facts.Now - vital.StepTime >= s_stalled)
                    .Select(job => Of(job, $"did its newest step {Ago(facts, job.Vital!.StepTime)}: {job.Reason}"))
        ),
        new(
            "TrainingWorkerMissing",
            "warning",
            TimeSpan.FromMinutes(2),
            facts =>
                facts
                    .Missing.Order(StringComparer.Ordinal)
                    .Select(worker => new AlertFinding(
                        worker,
                        $"Worker {worker} was lost and has not come back. Jobs go on without it. Look at its pod or machine, and at the "
                            + "network between it and the coordinator."
                    ))
        ),
        new(
            "TrainingDiskLow",
            "warning",
            TimeSpan.FromMinutes(5),
            facts => facts.Disk is { Size: > 0 } disk && disk.Free < LowDisk * disk.Size ? [OfDisk(disk)] : []
        ),
        new(
            "TrainingCheckpointOld",
            "warning",
            TimeSpan.FromMinutes(5),
            facts =>
                facts
                    .Running.Where(job => job.Vital?.CheckpointTime is { } stored && facts.Now - stored > s_oldCheckpoint)
                    .Select(job =>
                        Of(job, $"stored its newest checkpoint {Ago(facts, job.Vital!.CheckpointTime!.Value)}: so much would be lost.")
                    )
        ),
        new(
            "TrainingCheckpointMissing",
            "warning",
            TimeSpan.FromHours(1),
            facts =>
                facts
                    .Running.Where(job => job.Vital is { Step: > 0, CheckpointStep: 0 })
                    .Select(job => Of(job, "trains and has no checkpoint. Set checkpoint.everySteps or checkpoint.everySeconds lower."))
        ),
        new(
            "TrainingJobsWaitBesideIdleWorkers",
            "warning",
            TimeSpan.FromMinutes(15),
            facts =>
                facts is { QueuedJobs: > 0, IdleWorkers: > 0 }
                    ?
                    [
                        new(
                            "",
                            $"{Some(facts.QueuedJobs, "job")} in the queue beside {Some(facts.IdleWorkers, "idle worker")}: they want more "
                                + "workers than are idle, or workers that compute otherwise. The queue says what each waits for."
                        ),
                    ]
                    : []
        ),
        new(
            "TrainingCertificateEnds",
            "warning",
            TimeSpan.Zero,
            facts =>
                facts.CertificateEnd is { } end && end - facts.Now < s_certificateEnd
                    ?
                    [
                        new(
                            "",
                            end > facts.Now
                                ? $"The coordinator's certificate ends in {Show.Duration(end - facts.Now)}. {NewCertificates}"
                                : $"The coordinator's certificate has ended. {NewCertificates}"
                        ),
                    ]
                    : []
        ),
        new(
            "TrainingJobsWaiting",
            "info",
            TimeSpan.FromHours(1),
            facts =>
                facts is { QueuedJobs: > 0, IdleWorkers: 0 }
                    ?
                    [
                        new(
                            "",
                            $"{Some(facts.QueuedJobs, "job")} in the queue, and no worker is idle. Start workers, or cancel what "
                                + "is not needed."
                        ),
                    ]
                    : []
        ),
    ];

    private const string NewCertificates = "Make new ones (./cluster certs DIR); the programs take changed files over while they run.";

    private static AlertFinding Of(AlertJob job, string what) => new(job.Id, $"Job {job.Id} {what}") { Job = job };

    private static AlertFinding OfDisk(DiskUse disk) =>
        new(
            "",
            $"The coordinator's disk has {Show.Bytes(disk.Free)} left of {Show.Bytes(disk.Size)}: when it is full, checkpoints cannot be "
                + "stored. Delete jobs and datasets that nobody needs, or give it more."
        );

    private static string Ago(AlertFacts facts, DateTimeOffset time) => $"{Show.Duration(facts.Now - time)} ago";

    private static string Some(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
