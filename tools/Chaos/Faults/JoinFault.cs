using TrainingCluster.Cli.Display;

namespace TrainingCluster.Chaos.Faults;

/// <summary>One more worker starts. Where there are as many as the job can use, the newest leaves first.</summary>
internal sealed class JoinFault : IFault
{
    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        if (context.Cluster.Workers.Count >= context.MostWorkers)
        {
            var (left, problem) = await LeaveFault.LeaveAsync(context, context.Cluster.Workers[^1], cancellationToken);
            if (problem is not null)
            {
                return new FaultResult(left, TimeSpan.Zero, problem);
            }
        }
        var since = context.Time.GetTimestamp();
        var events = context.Jobs.EventCount;
        var joined = context.Cluster.StartWorker(context.Cluster.FreeNumber());
        var recovery = await context.RecoveryAsync(since, [joined], cancellationToken);
        var seen = await context.Jobs.SeeAsync(
            item => item.Generation is { } generation && generation.Workers.Contains(joined.Name),
            events,
            ChaosContext.Timeout,
            cancellationToken
        );
        return new FaultResult(
            seen is null
                ? null
                : $"{joined.Name} was in generation {seen.Generation.Generation} after {Text.Of(context.Time.GetElapsedTime(since))}",
            await recovery,
            seen is null ? $"{joined.Name} was in no generation within {Text.Of(ChaosContext.Timeout)}" : null
        );
    }
}
