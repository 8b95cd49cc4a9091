namespace TrainingCluster.Cli.Chaos.Faults;

/// <summary>The coordinator's disk is full while two checkpoints fall due. Training goes on meanwhile.</summary>
internal sealed class DiskFault : IFault
{
    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellation)
    {
        var disk = context.Disk!;
        var events = context.Jobs.EventCount;
        var since = context.Time.GetTimestamp();
        var said = await disk.FillAsync(cancellation);
        try
        {
            var recovery = await context.RecoveryAsync(since, [], cancellation);
            var first = context.Steps.MostSteps();
            while (context.Steps.MostSteps() < first + (2 * context.Job.CheckpointEvery) && context.Time.GetElapsedTime(since) < 3 * plan.Hold)
                await context.DelayAsync(TimeSpan.FromMilliseconds(50), cancellation);
            disk.Free();
            // The report of it may have had to wait for room in the store.
            var failed = await context.Jobs.SeeAsync(item => item.Checkpoint is { Error.Length: > 0 }, events, TimeSpan.FromSeconds(60), cancellation);
            return new FaultResult(
                failed is null ? $"the disk said: {said}" : $"the job's event: checkpoint of step {failed.Checkpoint.Step}: {failed.Checkpoint.Error}",
                await recovery);
        }
        finally
        {
            disk.Free();
        }
    }
}
