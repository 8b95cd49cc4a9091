using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>A worker that runs 20 of every 200 ms.</summary>
internal sealed class SlowFault : IFault
{
    private static readonly TimeSpan s_runs = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_stands = TimeSpan.FromMilliseconds(180);

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var victim = context.Choose(new DeterministicRandom(plan.Key), 1)[0];
        var since = context.Time.GetTimestamp();
        var used = victim.Used;
        var recovery = await context.RecoveryAsync(since, [], cancellationToken);
        var (stood, turns) = (0, 0);
        var hold = 2 * plan.Hold;
        try
        {
            while (context.Time.GetElapsedTime(since) < hold)
            {
                victim.Program.Signal(Member.SigStop);
                await context.DelayAsync(s_stands, cancellationToken);
                turns++;
                stood += victim.State == 'T' ? 1 : 0;
                victim.Program.Signal(Member.SigCont);
                await context.DelayAsync(s_runs, cancellationToken);
            }
        }
        finally
        {
            victim.Program.Signal(Member.SigCont);
        }
        var share = (victim.Used - used) / context.Time.GetElapsedTime(since);
        return new FaultResult(
            stood >= 3
                ? Text.Invariant($"{victim.Name} was seen stopped {stood} of {turns} times in {hold.TotalSeconds:F0} s ")
                    + Text.Invariant($"and had {100 * share:F0} % of a core")
                : null,
            await recovery
        );
    }
}
