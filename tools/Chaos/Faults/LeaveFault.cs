using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>SIGTERM to a worker, which has to end with status 0. Another starts later if there are too few then.</summary>
internal sealed class LeaveFault : IFault
{
    /// <summary>The worker's own grace of 10 s, what it needs to end, and room for a loaded machine.</summary>
    private static readonly TimeSpan s_within = TimeSpan.FromSeconds(60);

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var leaving = context.Choose(new DeterministicRandom(plan.Key), 1)[0];
        var alone = context.Cluster.Workers.Count == 1;
        var since = context.Time.GetTimestamp();
        var recovery = alone ? null : await context.RecoveryAsync(since, [], cancellationToken);
        var (proof, problem) = await LeaveAsync(context, leaving, cancellationToken);
        if (context.Cluster.Workers.Count < context.Workers)
        {
            await context.DelayAsync(plan.Pause, cancellationToken);
            recovery ??= await context.RecoveryAsync(context.Time.GetTimestamp(), [], cancellationToken);
            context.Cluster.StartWorker(leaving.Place);
        }
        return new FaultResult(proof, recovery is null ? TimeSpan.Zero : await recovery, problem);
    }

    /// <summary>Asks a worker to end, and waits for it.</summary>
    public static async Task<(string? Proof, string? Problem)> LeaveAsync(
        ChaosContext context,
        Member worker,
        CancellationToken cancellationToken
    )
    {
        // One that still starts has nothing to hand over, and no handler of the signal yet.
        await worker.Ready.WaitAsync(s_within, context.Time, cancellationToken);
        var since = context.Time.GetTimestamp();
        worker.MayEnd = true;
        worker.Program.Terminate();
        try
        {
            await worker.Program.EndedAsync(cancellationToken).WaitAsync(s_within, context.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return ($"{worker.Name} was sent SIGTERM", $"{worker.Name} had not left within {Text.Of(s_within)}");
        }
        var took = $"ended with status {worker.Program.ExitCode} {Text.Of(context.Time.GetElapsedTime(since))} after SIGTERM";
        return worker.Program.ExitCode == 0
            ? ($"{worker.Name} {took}", null)
            : ($"{worker.Name} was sent SIGTERM", $"{worker.Name} {took}");
    }
}
