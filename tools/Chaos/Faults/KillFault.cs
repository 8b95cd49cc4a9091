using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Chaos.Faults;

/// <summary>SIGKILL to one worker.</summary>
/// <param name="aimed">
/// In turn whoever is next in each phase of its training; where none is in time, and in every tenth turn, whoever it is at this
/// moment. False: always the latter.
/// </param>
internal sealed class KillFault(bool aimed) : IFault
{
    private const string AnyMoment = "any moment";

    /// <summary>A job ends, and the next begins, within this.</summary>
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);

    private static readonly (string Moment, TrainingPhase? Phase)[] s_moments =
    [
        .. (
            (TrainingPhase[])
                [
                    TrainingPhase.Backward,
                    TrainingPhase.Exchange,
                    TrainingPhase.Update,
                    TrainingPhase.Evaluate,
                    TrainingPhase.Snapshot,
                    TrainingPhase.Forward,
                    TrainingPhase.Connect,
                    TrainingPhase.Finish,
                ]
        ).Select(phase => (phase.ToString().ToLowerInvariant(), (TrainingPhase?)phase)),
        // Between jobs, and while it prepares.
        ("idle", null),
        (AnyMoment, null),
    ];

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        // In random order: the first one in the phase is taken.
        var living = context.Choose(new DeterministicRandom(plan.Key), context.Cluster.Workers.Count);
        var (moment, phase) = aimed ? s_moments[plan.Turn % s_moments.Length] : s_moments[^1];
        var ready = living.Where(worker => worker.Ready.IsCompletedSuccessfully).ToList();
        var caught = moment == AnyMoment ? null : await PhaseTrap.CatchAsync(ready, phase, s_timeout, context.Time, cancellationToken);
        var (victim, way) = caught is null ? (living[0], AnyMoment) : (caught, moment);
        var since = context.Time.GetTimestamp();
        var killed = await victim.KillAsync(cancellationToken);
        var recovery = await context.RecoveryAsync(since, [], cancellationToken);
        await context.DelayAsync(plan.Pause, cancellationToken);
        context.Cluster.StartWorker(victim.Place);
        var when =
            caught is not null ? $" in '{moment}'"
            : way != moment ? $" at once, for nobody was in '{moment}' within {Text.Of(s_timeout)}"
            : "";
        return new FaultResult(killed ? $"{victim.Name} ended by SIGKILL{when}" : null, await recovery, Way: way);
    }
}
