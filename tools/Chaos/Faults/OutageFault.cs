using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>SIGKILL to several workers at once, to all but one or to all.</summary>
internal sealed class OutageFault : IFault
{
    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var random = new DeterministicRandom(plan.Key);
        var victims = context.Choose(random, Count(random, context.Cluster.Workers.Count));
        var all = victims.Count == context.Cluster.Workers.Count;
        var since = context.Time.GetTimestamp();
        var killed = await Task.WhenAll(victims.Select(victim => victim.KillAsync(cancellationToken)));
        var recovery = all ? null : await context.RecoveryAsync(since, [], cancellationToken);
        await context.DelayAsync(plan.Pause, cancellationToken);
        // Where nobody is left to recover, time runs from the moment somebody may.
        recovery ??= await context.RecoveryAsync(context.Time.GetTimestamp(), [], cancellationToken);
        foreach (var victim in victims)
        {
            context.Cluster.StartWorker(victim.Place);
        }
        return new FaultResult(
            killed.All(byKill => byKill)
                ? $"{string.Join(", ", victims.Select(victim => victim.Name))}{(all ? " (all)" : "")} ended by SIGKILL"
                : null,
            await recovery,
            Way: all ? "all" : "several"
        );
    }

    /// <summary>Two at least; two in five times all but one, one in five all.</summary>
    private static int Count(DeterministicRandom random, int living) =>
        random.Next(5) switch
        {
            < 2 => 2 + random.Next(Math.Max(1, living - 1)),
            < 4 => Math.Max(2, living - 1),
            _ => living,
        };
}
