using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>A worker's link delays, loses, repeats and reorders packets for some seconds.</summary>
internal sealed class LossyFault : IFault
{
    /// <summary>How much longer it may last on a link with so few packets that none was lost or overtaken yet.</summary>
    private static readonly TimeSpan s_more = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var network = context.Network!;
        var victim = context.Choose(new DeterministicRandom(plan.Key), 1)[0];
        var since = context.Time.GetTimestamp();
        var (near, far) = await network.TakeApartAsync(victim.Place, cancellationToken);
        try
        {
            await using var link = new LossyLink(near, far, plan.Key, context.Time);
            var recovery = await context.RecoveryAsync(since, [], cancellationToken);
            await context.DelayAsync(2 * plan.Hold, cancellationToken);
            while (!IsProof(link.Counts) && context.Time.GetElapsedTime(since) < (2 * plan.Hold) + s_more)
            {
                await context.DelayAsync(s_poll, cancellationToken);
            }
            var (lasted, counts) = (context.Time.GetElapsedTime(since), link.Counts);
            return new FaultResult(
                IsProof(counts)
                    ? Text.Invariant($"{victim.Name}'s link for {lasted.TotalSeconds:F1} s: {counts.Passed} packets passed, ")
                        + $"{counts.Lost} lost, {counts.Overtaken} overtaken, {counts.Duplicated} duplicated"
                    : null,
                await recovery
            );
        }
        finally
        {
            await network.PutTogetherAsync(victim.Place);
            near.Dispose();
            far.Dispose();
        }
    }

    private static bool IsProof(LineCounts counts) => counts is { Passed: > 0, Lost: > 0, Overtaken: > 0 };
}
