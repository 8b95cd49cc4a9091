using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>The coordinator's disk is full, or read-only, while two checkpoints fall due. Training goes on meanwhile.</summary>
internal sealed class DiskFault : IFault
{
    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var disk = context.Disk!;
        var coordinator = context.Cluster.Coordinator.Pid;
        var readOnly = new DeterministicRandom(plan.Key).Next(2) == 0;
        var what = readOnly ? "read-only" : "full";
        var events = context.Jobs.EventCount;
        var since = context.Time.GetTimestamp();
        var broken = true;
        try
        {
            var said = readOnly ? await disk.MakeReadOnlyAsync(coordinator, cancellationToken) : await disk.FillAsync(cancellationToken);
            var recovery = await context.RecoveryAsync(since, [], cancellationToken);
            var first = context.Steps.MostSteps();
            while (
                context.Steps.MostSteps() < first + (2 * context.Job.CheckpointEvery) && context.Time.GetElapsedTime(since) < 3 * plan.Hold
            )
            {
                await context.DelayAsync(TimeSpan.FromMilliseconds(50), cancellationToken);
            }
            await MendAsync();
            // The report of it may have had to wait for the store.
            var failed = await context.Jobs.SeeAsync(
                item => item.Checkpoint is { Error.Length: > 0 },
                events,
                TimeSpan.FromSeconds(60),
                cancellationToken
            );
            return new FaultResult(
                failed is null
                    ? $"{what}; the disk said: {said}"
                    : $"{what}; the job's event: checkpoint of step {failed.Checkpoint.Step}: {failed.Checkpoint.Error}",
                await recovery
            );
        }
        finally
        {
            await MendAsync();
        }

        async Task MendAsync()
        {
            if (!broken)
            {
                return;
            }
            broken = false;
            if (readOnly)
            {
                await disk.MakeWritableAsync(coordinator);
            }
            else
            {
                disk.Free();
            }
        }
    }
}
