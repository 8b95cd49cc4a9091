using TrainingCluster.Cli.Display;
using TrainingCluster.Data;

namespace TrainingCluster.Cli.Chaos.Faults;

/// <summary>A worker's link is bad for some seconds: the kernel's queue on both of its ends holds packets back and drops some.</summary>
/// <param name="queue">The queue, as tc takes it.</param>
internal sealed class ShapeFault(string queue) : IFault
{
    /// <summary>20 Mbit/s and 15 ms of queue: a step's gradients do not fit.</summary>
    public const string Narrow = "tbf rate 20mbit burst 16kb latency 15ms";

    /// <summary>40 ± 20 ms each way, one packet in fifty lost, one in twenty out of order.</summary>
    public const string Netem = "netem delay 40ms 20ms loss 2% reorder 5%";

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellation)
    {
        var network = context.Network!;
        var victim = context.Choose(new DeterministicRandom(plan.Key), 1)[0];
        var since = context.Time.GetTimestamp();
        await network.ShapeAsync(victim.Place, queue, cancellation);
        try
        {
            var recovery = await context.RecoveryAsync(since, [], cancellation);
            await context.DelayAsync(2 * plan.Hold, cancellation);
            var (passed, dropped, delayed) = await network.QueueAsync(victim.Place, cancellation);
            return new FaultResult(
                passed > 0 && dropped + delayed > 0 ? Text.Invariant($"{victim.Name}'s link: {passed} packets passed, {dropped} packets dropped, {delayed} held back") : null,
                await recovery);
        }
        finally
        {
            await network.UnshapeAsync(victim.Place);
        }
    }
}
