using TrainingCluster.Settings;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>What went wrong, before it is known what is done about it.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="Workers">Whose fault it is; none: nobody's.</param>
/// <param name="Cause">For people.</param>
public sealed record FaultCause(FaultKind Kind, IReadOnlyList<string> Workers, string Cause);

/// <summary>
/// Makes faults: one place that says job, generation, step, worker, cause, what was done and what was lost, from the job's state before and
/// after.
/// </summary>
public static class Faults
{
    /// <summary>The fault as it is told.</summary>
    /// <param name="before">The job before it.</param>
    /// <param name="after">The job once everything was done that follows from it.</param>
    /// <param name="cause">What went wrong.</param>
    /// <param name="now">The time.</param>
    public static Fault Of(JobMachineState before, JobMachineState after, FaultCause cause, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(cause);
        return Of(before, cause, Done(after, now), Lost(before, after));
    }

    /// <summary>The same where it is known what was done and lost.</summary>
    public static Fault Of(JobMachineState before, FaultCause cause, string done, string lost)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(cause);
        var fault = new Fault
        {
            Kind = cause.Kind,
            Generation = before.Generation,
            Step = before.Progress.Step,
            // It stands within a line.
            Cause = cause.Cause.TrimEnd('.'),
            Done = done,
            Lost = lost,
        };
        fault.Workers.AddRange(cause.Workers.Select(id => Worker(before, id)));
        return fault;
    }

    /// <summary>A checkpoint was not stored.</summary>
    public static Fault CheckpointNotStored(JobMachineState state, string workerId, CheckpointReport report)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(report);
        var fault = Of(
            state,
            new(FaultKind.CheckpointNotStored, [workerId], $"the checkpoint was not stored: {report.Error}"),
            "training goes on, and the next checkpoint is tried when it is due",
            state.CheckpointId.Length > 0 ? $"nothing: checkpoint {state.CheckpointId} stands" : "nothing, but there is no checkpoint yet"
        );
        fault.Step = report.Step;
        return fault;
    }

    /// <summary>A checkpoint is damaged, or is no state of the job.</summary>
    public static Fault CheckpointDamaged(JobMachineState state, string checkpointId, string problem, IReadOnlyList<string> finders) =>
        Of(
            state,
            new(FaultKind.CheckpointDamaged, finders, $"checkpoint {checkpointId} is damaged: {problem}"),
            "it is passed over for the one before",
            "the steps since the one before, unless a worker holds them"
        );

    /// <summary>The job store did not take the job's record.</summary>
    public static Fault RecordNotStored(JobMachineState state, string problem, TimeSpan retry) =>
        Of(
            state,
            new(FaultKind.RecordNotStored, [], $"the job's record could not be stored: {problem}"),
            $"it is tried every {Duration.Format(retry)}; workers train on, changes of the group wait",
            "nothing yet"
        );

    private static FaultWorker Worker(JobMachineState state, string id)
    {
        var worker = new FaultWorker { Id = id };
        // Its number in the plan that it worked by; one that was only being called has none.
        if (state.Plan is { } plan && plan.Members.FirstOrDefault(m => m.WorkerId == id) is { } member)
        {
            (worker.Rank, worker.Host) = (member.Rank, HostOf(member.CollectiveAddress));
        }
        if (state.Pool.TryGetValue(id, out var there))
        {
            worker.Host = HostOf(there.CollectiveAddress);
        }
        return worker;
    }

    /// <summary>The host of an address; empty: it is none.</summary>
    public static string HostOf(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri.Host : "";

    private static string Done(JobMachineState after, DateTimeOffset now) =>
        after.Phase switch
        {
            JobPhase.Preparing or JobPhase.Starting when after.Current.Members.Count > 0 =>
                $"generation {after.Generation} is called with {string.Join(", ", after.Current.Members.Keys)}",
            JobPhase.BackingOff => $"the next generation is tried in {Seconds((after.NotBefore ?? now) - now)}",
            JobPhase.Leaving => after.Reason,
            JobPhase.Running => "the others train on",
            JobPhase.Failed => "the job has failed",
            _ => "the job waits for workers",
        };

    /// <summary>What must be computed again.</summary>
    private static string Lost(JobMachineState before, JobMachineState after)
    {
        var step = before.Progress.Step;
        if (after.Phase == JobPhase.Failed)
        {
            return after.CheckpointId.Length > 0
                ? $"the model; checkpoint {after.CheckpointId} of step {after.CheckpointStep} stands"
                : "the model; there is no checkpoint";
        }
        var worked = before.Phase == JobPhase.Running || before.Current.FinishStep > 0;
        var held = before.Current.Members.Values.Any(m => worked && Pool.IsThere(after, m)) ? step : Newest(after);
        return held < step ? $"steps {held + 1} to {step}, computed again from {(held > 0 ? $"step {held}" : "the beginning")}"
            : worked ? $"step {step + 1}, which is computed again"
            : "";
    }

    private static long Newest(JobMachineState state) =>
        state.Pool.Values.Where(w => w.Claim is { HasState: true }).Select(w => w.Claim!.CompletedStep).Append(state.CheckpointStep).Max();

    private static string Seconds(TimeSpan time) => FormattableString.Invariant($"{Math.Max(0, time.TotalSeconds):0.#} s");
}
