using System.Text.Json.Nodes;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>
/// What is to be done for one TrainingJob: a pure function of what is known of it now, whatever happened before. Done again it gives the
/// same, so that a coordinator that ends in the middle loses nothing.
/// </summary>
internal static class Reconciler
{
    private static readonly string[] s_ends = ["Complete", "Failed"];

    /// <summary>Decides.</summary>
    public static Reconciliation Decide(Observed observed, DateTimeOffset now, ReconcileOptions options)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var (item, spec) = (observed.Item, observed.Spec);
        if (spec.ManagedBy is not ("" or TrainingJobNames.Controller))
        {
            return new([], $"{spec.ManagedBy} carries it out");
        }
        if (item.Deleting)
        {
            return Deleted(observed);
        }
        if (!item.Finalizers.Contains(TrainingJobNames.Finalizer))
        {
            return new([new ReconcileAction.AddFinalizer()], "it is new");
        }
        return observed.Job is { } job ? Existing(observed, job, now, options) : Missing(observed, now, options);
    }

    private static Reconciliation Deleted(Observed observed)
    {
        if (!observed.Item.Finalizers.Contains(TrainingJobNames.Finalizer))
        {
            return new([], "it is deleted, and others hold it");
        }
        return observed.Job switch
        {
            null => new([new ReconcileAction.RemoveFinalizer()], "it is deleted, and its job is gone"),
            { Record.Phase: var phase } job when !phase.HasEnded() => new(
                [new ReconcileAction.CancelJob(job.Id, "its TrainingJob was deleted")],
                "it is deleted, and its job lives"
            ),
            var job => new(
                [new ReconcileAction.DeleteJob(job.Id), new ReconcileAction.RemoveFinalizer()],
                "it is deleted, and its job has ended"
            ),
        };
    }

    private static Reconciliation Missing(Observed observed, DateTimeOffset now, ReconcileOptions options)
    {
        var (item, spec) = (observed.Item, observed.Spec);
        var known = (string?)item.Status["jobId"] is { Length: > 0 };
        if (known && HasEnded(item.Status))
        {
            return Expired(observed, EndOf(item.Status), now) ?? new([], "it has ended, and its job is gone");
        }
        if (spec.Violations.Count > 0)
        {
            return Say(observed, now, "Failed", true, "InvalidSpec", spec.Problem);
        }
        if (known && now - observed.LeadsSince < options.AdoptionTime)
        {
            return Say(observed, now, "Queued", false, "JobMissing", "the coordinator waits for workers that may hold the job");
        }
        if (spec.Text is not null && observed.Data is { Kind: not DataStateKind.Ready } data)
        {
            return data.Kind switch
            {
                DataStateKind.Unknown => new([new ReconcileAction.PrepareData()], "its text has not been looked at"),
                DataStateKind.Preparing => Say(observed, now, "Queued", false, "PreparesData", "the dataset is being made of its text"),
                _ => Say(observed, now, "Queued", false, "DataUnusable", data.Problem, new ReconcileAction.PrepareData()),
            };
        }
        if (observed.RefusedForGood)
        {
            return Say(observed, now, "Failed", true, "Refused", observed.Refusal);
        }
        var create = new ReconcileAction.CreateJob(JobOf(observed));
        return observed.Refusal.Length > 0
            ? Say(observed, now, "Queued", false, "NotYet", observed.Refusal, create)
            : new([create], "it has no job yet");
    }

    private static Reconciliation Existing(Observed observed, StoredJob job, DateTimeOffset now, ReconcileOptions options)
    {
        var actions = new List<ReconcileAction>();
        var reason = "its job is as it says";
        var changes = new SpecChanges([], "");
        if (!job.Record.Phase.HasEnded())
        {
            changes = SpecChanges.Between(observed.Spec, job.Spec);
            if (observed.Spec.Violations.Count == 0)
            {
                var suspended = job.Record.Phase == JobPhase.Suspended;
                if (observed.Spec.Job.Suspend != suspended)
                {
                    actions.Add(suspended ? new ReconcileAction.ResumeJob(job.Id) : new ReconcileAction.SuspendJob(job.Id));
                    reason = suspended ? "it is to go on" : "it is to be suspended";
                }
                if (changes.Followed.Count > 0 && observed.Refusal.Length == 0)
                {
                    actions.Add(new ReconcileAction.UpdateJob(job.Id, observed.Spec.Job, changes.Followed));
                    reason = $"{string.Join(", ", changes.Followed)} changed";
                }
            }
        }
        else if (observed.Events.Count == 0 && Expired(observed, job.Record.Ended, now) is { } expired)
        {
            return expired;
        }
        actions.AddRange(JobAnnouncements.Of(observed.Events).Select(what => new ReconcileAction.Announce(what)));
        var refused = string.Join("; ", new[] { changes.Refused, observed.Refusal }.Where(text => text.Length > 0));
        var status = StatusView.Of(observed, job, refused, now);
        if (IsRefusedAnew(observed.Item, refused))
        {
            actions.Add(new ReconcileAction.Announce(new($"refused-{observed.Item.Generation}", true, "ChangeRefused", refused, now)));
        }
        if (StatusWrites.IsDue(observed, status, now, options))
        {
            actions.Add(new ReconcileAction.WriteStatus(status));
        }
        return new(actions, reason);
    }

    private static bool IsRefusedAnew(TrainingJob item, string refused) =>
        refused.Length > 0
        && !(
            TrainingJobStatus.ConditionOf(item.Status, "ChangesRefused") is { } before
            && (string?)before["status"] == "True"
            && (long?)before["observedGeneration"] == item.Generation
        );

    /// <summary>What the job is made with: the dataset by its fingerprint, and kept until the object goes.</summary>
    private static JobSpec JobOf(Observed observed)
    {
        var job = observed.Spec.Job.Clone();
        if (observed.Spec.Text is not null)
        {
            job.Dataset.Fingerprint = observed.Data.Fingerprint;
            job.Dataset.ClearSource();
            job.Dataset.ClearTarget();
            job.Dataset.ClearValidSource();
            job.Dataset.ClearValidTarget();
        }
        job.ClearTtlSecondsAfterFinished();
        return job;
    }

    private static Reconciliation? Expired(Observed observed, DateTimeOffset? ended, DateTimeOffset now) =>
        observed.Spec.Ttl is { } ttl && ended is { } end && end + ttl <= now
            ? new([new ReconcileAction.DeleteObject()], $"it ended more than {ttl.TotalSeconds:0} s ago")
            : null;

    private static bool HasEnded(JsonObject status) =>
        s_ends.Any(type => (string?)TrainingJobStatus.ConditionOf(status, type)?["status"] == "True");

    private static DateTimeOffset? EndOf(JsonObject status) =>
        DateTimeOffset.TryParse((string?)status["completionTime"], System.Globalization.CultureInfo.InvariantCulture, out var end)
            ? end
            : null;

    private static Reconciliation Say(
        Observed observed,
        DateTimeOffset now,
        string type,
        bool holds,
        string reason,
        string message,
        ReconcileAction? then = null
    )
    {
        var status = StatusView.WithoutJob(observed, type, holds, reason, message);
        var actions = new List<ReconcileAction>();
        if (StatusWrites.Differs(observed.Item.Status, status, now))
        {
            if (TrainingJobStatus.ConditionOf(observed.Item.Status, type) is not { } before || (string?)before["reason"] != reason)
            {
                var isWarning = reason is "InvalidSpec" or "Refused" or "DataUnusable";
                var id = $"{reason.ToLowerInvariant()}-{observed.Item.Generation}";
                actions.Add(new ReconcileAction.Announce(new(id, isWarning, reason, message, now)));
            }
            actions.Add(new ReconcileAction.WriteStatus(status));
        }
        if (then is not null)
        {
            actions.Add(then);
        }
        return new(actions, message);
    }
}
