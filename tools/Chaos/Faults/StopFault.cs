using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>SIGSTOP to a worker, and SIGCONT some seconds later.</summary>
internal sealed class StopFault : IFault
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_stopsWithin = TimeSpan.FromSeconds(10);

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var victim = context.Choose(new DeterministicRandom(plan.Key), 1)[0];
        var since = context.Time.GetTimestamp();
        victim.Program.Signal(Member.SigStop);
        try
        {
            // It stops when it next gets a processor.
            while (victim.State != 'T' && context.Time.GetElapsedTime(since) < s_stopsWithin)
            {
                await context.DelayAsync(s_poll, cancellationToken);
            }
            var state = victim.State;
            var recovery = await context.RecoveryAsync(since, [victim], cancellationToken);
            await context.DelayAsync(plan.Hold, cancellationToken);
            var stopped = state == 'T' && victim.State == 'T';
            victim.Program.Signal(Member.SigCont);
            return new FaultResult(stopped ? $"{victim.Name} was in state T for {Text.Of(plan.Hold)}" : null, await recovery);
        }
        finally
        {
            victim.Program.Signal(Member.SigCont);
        }
    }
}
