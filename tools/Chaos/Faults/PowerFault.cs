namespace TrainingCluster.Chaos.Faults;

/// <summary>SIGKILL to every process; all start again.</summary>
internal sealed class PowerFault : IFault
{
    public Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken) =>
        CutAsync(context, plan, () => null, cancellationToken);

    /// <summary>Kills all, does <paramref name="meanwhile"/>, starts all.</summary>
    /// <param name="context">The cluster.</param>
    /// <param name="plan">Says how long the power is off.</param>
    /// <param name="meanwhile">Returns what it did, for the proof.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<FaultResult> CutAsync(
        ChaosContext context,
        PlannedFault plan,
        Func<string?> meanwhile,
        CancellationToken cancellationToken
    )
    {
        var workers = context.Cluster.Workers;
        var all = workers.Append(context.Cluster.Coordinator).ToList();
        var killed = await Task.WhenAll(all.Select(member => member.KillAsync(cancellationToken)));
        var done = meanwhile();
        await context.DelayAsync(plan.Pause, cancellationToken);
        // Nobody is left to recover: time runs from the moment when the power is back.
        var recovery = await context.RecoveryAsync(context.Time.GetTimestamp(), [], cancellationToken);
        foreach (var worker in workers)
        {
            context.Cluster.StartWorker(worker.Place);
        }
        await context.Cluster.StartCoordinatorAsync(cancellationToken);
        return new FaultResult(
            killed.All(byKill => byKill) ? $"{killed.Length} processes ended by SIGKILL{(done is null ? "" : $"; {done}")}" : null,
            await recovery
        );
    }
}
