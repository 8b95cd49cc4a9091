using Google.Protobuf;
using TrainingCluster.Hosting;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>One transition under way: the state so far and the effects so far.</summary>
internal sealed class TransitionBuilder(JobMachineState state, DateTimeOffset now, JobMachineOptions options)
{
    public JobMachineState State { get; set; } = state;

    /// <summary>The state's part that belongs to the present generation.</summary>
    public GenerationState Current
    {
        get => State.Current;
        set => State = State with { Current = value };
    }

    /// <summary>The state's part that belongs to the change which led to it.</summary>
    public GroupChange Change
    {
        get => State.Change;
        set => State = State with { Change = value };
    }

    public DateTimeOffset Now { get; } = now;

    public JobMachineOptions Options { get; } = options;

    public List<JobEffect> Effects { get; } = [];

    public void Enter(JobPhase phase, string reason) =>
        State = State with
        {
            Phase = phase,
            Reason = reason,
            PhaseSince = Now,
            Queued = phase == JobPhase.Waiting ? State.Queued ?? Now : null,
            WaitedFor = phase == JobPhase.Waiting && State.Phase != JobPhase.Waiting ? "" : State.WaitedFor,
            PreemptedFor = phase == JobPhase.Waiting ? State.PreemptedFor : "",
        };

    public void SetMember(GroupMember member) => Current = Current with { Members = Current.Members.SetItem(member.WorkerId, member) };

    public void SetNewcomer(GroupMember member) =>
        Current = Current with { Newcomers = Current.Newcomers.SetItem(member.WorkerId, member) };

    /// <summary>Counts steps that were broken off, or are done again.</summary>
    public void Discard(long steps)
    {
        Change = Change with { Discarded = Change.Discarded + steps };
        Effects.Add(new CountDiscarded(steps));
    }

    public void Send(string workerId, IMessage message) => Effects.Add(new SendToWorker(workerId, message));

    public void Publish(JobEvent e) => Effects.Add(new PublishEvent(e));

    public void Log(LogSeverity severity, string source, string text) =>
        Publish(
            new JobEvent
            {
                Log = new LogLine
                {
                    Severity = severity,
                    Source = source,
                    Text = text,
                },
            }
        );

    /// <summary>Tells a fault, once what follows from it is done.</summary>
    public void Tell(JobMachineState before, FaultCause cause) => Tell(Faults.Of(before, State, cause, Now));

    /// <summary>Tells a fault.</summary>
    public void Tell(Fault fault) => Publish(new JobEvent { Fault = fault });

    public void Stale(WorkerReport report) => Effects.Add(new CountStale(report.Content()?.Descriptor.Name ?? "unknown"));
}
