using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>A worker's link is narrow for some seconds: the kernel's queue on both of its ends holds packets back and drops some.</summary>
internal sealed class NarrowFault : IFault
{
    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var network = context.Network!;
        var victim = context.Choose(new DeterministicRandom(plan.Key), 1)[0];
        var since = context.Time.GetTimestamp();
        await network.NarrowAsync(victim.Place, cancellationToken);
        try
        {
            var recovery = await context.RecoveryAsync(since, [], cancellationToken);
            await context.DelayAsync(2 * plan.Hold, cancellationToken);
            var (passed, dropped, delayed) = await network.QueueAsync(victim.Place, cancellationToken);
            return new FaultResult(
                passed > 0 && dropped + delayed > 0
                    ? Text.Invariant($"{victim.Name}'s link: {passed} packets passed, {dropped} packets dropped, {delayed} held back")
                    : null,
                await recovery
            );
        }
        finally
        {
            await network.WidenAsync(victim.Place);
        }
    }
}
