using TrainingCluster.Data;

namespace TrainingCluster.Cli.Chaos.Faults;

/// <summary>SIGKILL to one worker, several, all but one or all.</summary>
internal sealed class KillFault : IFault
{
    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellation)
    {
        var random = new DeterministicRandom(plan.Key);
        var victims = context.Choose(random, Count(random, context.Cluster.Workers.Count));
        var all = victims.Count == context.Cluster.Workers.Count;
        var since = context.Time.GetTimestamp();
        var killed = await Task.WhenAll(victims.Select(victim => victim.KillAsync(cancellation)));
        var recovery = all ? null : await context.RecoveryAsync(since, [], cancellation);
        await context.DelayAsync(plan.Pause, cancellation);
        // Where nobody is left to recover, time runs from the moment somebody may.
        recovery ??= await context.RecoveryAsync(context.Time.GetTimestamp(), [], cancellation);
        foreach (var victim in victims)
            context.Cluster.StartWorker(victim.Place);
        var names = string.Join(", ", victims.Select(victim => victim.Name));
        return new FaultResult(
            killed.All(byKill => byKill) ? $"{names}{(all ? " (all)" : "")} ended by SIGKILL" : null,
            await recovery);
    }

    /// <summary>Half of the time one; else several, all but one, or all.</summary>
    private static int Count(DeterministicRandom random, int living) => random.Next(10) switch
    {
        < 5 => 1,
        < 7 => 1 + random.Next(living),
        < 9 => Math.Max(1, living - 1),
        _ => living,
    };
}
