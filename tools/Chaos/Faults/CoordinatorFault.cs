using TrainingCluster.Cli.Display;

namespace TrainingCluster.Chaos.Faults;

/// <summary>SIGKILL to the coordinator, which starts again with its folder and ports. The workers train on.</summary>
internal sealed class CoordinatorFault : IFault
{
    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var events = context.Jobs.EventCount;
        var since = context.Time.GetTimestamp();
        var before = context.Cluster.Coordinator;
        var killed = await before.KillAsync(cancellationToken);
        var recovery = await context.RecoveryAsync(since, [], cancellationToken);
        await context.DelayAsync(plan.Pause + TimeSpan.FromSeconds(1), cancellationToken);
        await context.Cluster.StartCoordinatorAsync(cancellationToken);
        var away = context.Time.GetElapsedTime(since);
        var next = await context.Jobs.SeeAsync(_ => true, events, ChaosContext.Timeout, cancellationToken);
        return new FaultResult(
            killed ? $"process {before.Pid} ended by SIGKILL; {context.Cluster.Coordinator.Pid} was ready after {Text.Of(away)}" : null,
            await recovery,
            next is null ? $"no event of a job within {Text.Of(ChaosContext.Timeout)} of the coordinator's return" : null
        );
    }
}
