using System.Globalization;
using System.Text.Json.Nodes;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>What the status of a TrainingJob has to say.</summary>
internal static class StatusView
{
    private const int LongestMessage = 1024;

    /// <summary>A state of a job as Kubernetes calls it: the type of the condition that holds.</summary>
    public static string StateOf(JobState state) =>
        state switch
        {
            JobState.Succeeded => "Complete",
            JobState.Cancelled => "Failed",
            _ => state.ToString(),
        };

    /// <summary>Of an object that has no job yet, or none any more.</summary>
    /// <param name="observed">What is known.</param>
    /// <param name="type">The condition.</param>
    /// <param name="holds">Whether it holds.</param>
    /// <param name="reason">Why, in one word.</param>
    /// <param name="message">Why, for people.</param>
    public static TrainingJobStatus WithoutJob(Observed observed, string type, bool holds, string reason, string message)
    {
        var status = observed.Item.Status;
        return new()
        {
            ObservedGeneration = observed.Item.Generation,
            State = holds ? type : "Pending",
            Reason = Short(message),
            Conditions = Conditions(status, new(type, holds, reason, Short(message)), null),
            JobId = (string?)status["jobId"],
            DatasetFingerprint =
                observed.Data.Kind == DataStateKind.Ready ? observed.Data.Fingerprint : (string?)status["datasetFingerprint"],
            CompletionTime = Time(status, "completionTime"),
            WeightsSha256 = (string?)status["weightsSha256"],
            Recoveries = Number(status, "recoveries"),
            StepsLost = Number(status, "stepsLost"),
            EventToken = (string?)status["eventToken"],
        };
    }

    /// <summary>Of an object whose job there is.</summary>
    /// <param name="observed">What is known.</param>
    /// <param name="job">The job.</param>
    /// <param name="refused">Changes of the object that a job cannot follow; empty: none.</param>
    /// <param name="now">The time, for estimates.</param>
    public static TrainingJobStatus Of(Observed observed, StoredJob job, string refused, DateTimeOffset now)
    {
        var (record, progress, before) = (job.Record, job.Progress, observed.Item.Status);
        var state = record.Phase.ToJobState();
        var ended = record.Phase.HasEnded();
        var running = state == JobState.Running;
        var current = new Condition(StateOf(state), true, ReasonOf(record), Short(record.Reason));
        var recoveries = observed.Events.Where(e => e.Generation is { } group && JobAnnouncements.IsRecovery(group)).ToList();
        var checkpoint = observed.Events.LastOrDefault(e => e.Checkpoint is { Error.Length: 0 });
        var evaluated = progress.EvaluatedStep > 0;
        var remaining = running ? progress.RemainingDuration?.ToTimeSpan() : null;
        return new()
        {
            ObservedGeneration = observed.Item.Generation,
            State = StateOf(state),
            Reason = Short(record.Reason),
            Conditions = Conditions(before, current, refused),
            JobId = job.Id,
            DatasetFingerprint = job.Spec.Dataset.Fingerprint,
            StartTime = record.Started,
            CompletionTime = record.Ended,
            Step = progress.Step,
            TotalSteps = progress.TotalStepCount > 0 ? progress.TotalStepCount : null,
            Epoch = progress.Epoch,
            Percent =
                state == JobState.Succeeded ? 100
                : progress.TotalStepCount > 0 ? 100 * progress.Step / progress.TotalStepCount
                : null,
            EstimatedEnd = now + remaining,
            Remaining =
                remaining is { } left ? Span(left)
                : ended && record is { Started: { } began, Ended: { } end } ? $"took {Span(end - began)}"
                : null,
            Loss = progress.Step > 0 && double.IsFinite(progress.Loss) ? Math.Round(progress.Loss, 4) : null,
            BestBleu = evaluated ? Math.Round(progress.BestBleu, 2) : null,
            BestStep = evaluated ? progress.BestStep : null,
            Workers = running ? progress.WorkerCount : 0,
            Generation = record.Generation,
            Recoveries = Number(before, "recoveries") + recoveries.Count,
            StepsLost = Number(before, "stepsLost") + recoveries.Sum(e => e.Generation.DiscardedStepCount),
            CheckpointStep = checkpoint?.Checkpoint.Step ?? NumberOrNull(before, "checkpointStep"),
            WeightsSha256 = record.WeightsSha256.Length > 0 ? record.WeightsSha256 : null,
            Model = state == JobState.Succeeded ? $"cluster artifacts {job.Id} --out DIR" : null,
            EventToken = observed.Events.Count > 0 ? observed.Events[^1].Token : (string?)before["eventToken"],
        };
    }

    private static string ReasonOf(JobRecord record) =>
        record.Phase switch
        {
            JobPhase.Waiting => record.PreemptedFor.Length > 0 ? "Preempted" : "WaitsForWorkers",
            JobPhase.Running => "Trains",
            JobPhase.Suspended => "SuspendedByRequest",
            JobPhase.Succeeded => "ModelStored",
            JobPhase.Failed => "TrainingFailed",
            _ => record.Phase.ToString(),
        };

    /// <summary>The one that holds; those that held before, and do not any more; and others', as they are.</summary>
    private static IReadOnlyList<Condition> Conditions(JsonObject before, Condition current, string? refused)
    {
        var conditions = new List<Condition> { current };
        foreach (var type in (string[])["Queued", "Running", "Suspended", "Complete", "Failed"])
        {
            if (type != current.Type && TrainingJobStatus.ConditionOf(before, type) is not null)
            {
                conditions.Add(new(type, false, current.Type, $"it is {current.Type}"));
            }
        }
        if (refused is { Length: > 0 })
        {
            conditions.Add(new("ChangesRefused", true, "Immutable", Short(refused)));
        }
        else if (TrainingJobStatus.ConditionOf(before, "ChangesRefused") is not null)
        {
            conditions.Add(new("ChangesRefused", false, "Followed", "the job is as the object says"));
        }
        return [.. conditions.OrderBy(condition => condition.Type, StringComparer.Ordinal)];
    }

    /// <summary>As kubectl writes ages: 45s, 3m10s, 2h5m, 3d4h.</summary>
    internal static string Span(TimeSpan span) =>
        span switch
        {
            { TotalMinutes: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, span.TotalSeconds):0}s"),
            { TotalHours: < 1 } => $"{span.Minutes}m{span.Seconds}s",
            { TotalDays: < 2 } => $"{(int)span.TotalHours}h{span.Minutes}m",
            _ => $"{span.Days}d{span.Hours}h",
        };

    private static string Short(string text) => text.Length > LongestMessage ? $"{text[..LongestMessage]}…" : text;

    private static long Number(JsonObject status, string name) => NumberOrNull(status, name) ?? 0;

    private static long? NumberOrNull(JsonObject status, string name) =>
        status[name] is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;

    private static DateTimeOffset? Time(JsonObject status, string name) =>
        status[name] is JsonValue value && value.TryGetValue<string>(out var text)
            ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
