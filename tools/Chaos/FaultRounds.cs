using System.Runtime.CompilerServices;
using TrainingCluster.Chaos.Faults;
using TrainingCluster.Cli;

namespace TrainingCluster.Chaos;

/// <summary>Does planned faults, one after another.</summary>
/// <param name="terminal">Is told each one when it is over.</param>
/// <param name="context">What they work on.</param>
/// <param name="aimed">Kills wait for a phase of training; false: they come at any moment.</param>
/// <param name="surprises">Gets what else went wrong.</param>
internal sealed class FaultRounds(Terminal terminal, ChaosContext context, bool aimed, List<string> surprises)
{
    /// <summary>Does the faults, and ends early after one from which nobody recovered.</summary>
    /// <param name="plans">The faults.</param>
    /// <param name="every">From the beginning of one to that of the next, unless it lasts longer. Null: as the plan has it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<RoundRun> RunAsync(
        IReadOnlyList<PlannedFault> plans,
        TimeSpan? every,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var before = context.Time.GetTimestamp();
        foreach (var plan in plans)
        {
            var gap = every is { } fixedGap ? fixedGap - context.Time.GetElapsedTime(before) : plan.Gap;
            if (gap > TimeSpan.Zero)
            {
                await context.DelayAsync(gap, cancellationToken);
            }
            before = context.Time.GetTimestamp();
            // A fault should hit training, not the pause that another one left.
            var training = await context.RecoveryAsync(context.Time.GetTimestamp(), [], cancellationToken);
            var (since, at) = (context.Time.GetTimestamp(), context.Time.GetUtcNow());
            var result = await training is null
                ? new FaultResult(null, null, "training stood still before it")
                : await FaultOf(plan.Kind).RunAsync(context, plan, cancellationToken);
            var round = new RoundRun(
                plan,
                result.Proof,
                result.Recovery?.TotalSeconds,
                context.Steps.LongestStandstill(since).TotalSeconds,
                result.Problem,
                result.Way
            )
            {
                At = at,
            };
            await terminal.Error.WriteLineAsync(ChaosView.Line(round, plans.Count));
            await StartAgainAsync(plan, cancellationToken);
            yield return round;
            if (result.Recovery is null)
            {
                yield break;
            }
        }
    }

    /// <summary>Processes that nobody had ended are told, and started again.</summary>
    private async Task StartAgainAsync(PlannedFault plan, CancellationToken cancellationToken)
    {
        foreach (var member in context.Cluster.EndedByThemselves().ToList())
        {
            surprises.Add(
                $"{member.Name} ended by itself with status {member.Program.ExitCode} about fault {plan.Round}: "
                    + $"{member.Program.LogTail(3)}"
            );
            await terminal.Error.WriteLineAsync(surprises[^1]);
            if (member.Place > 0)
            {
                context.Cluster.StartWorker(member.Place);
            }
            else
            {
                await context.Cluster.StartCoordinatorAsync(cancellationToken);
            }
        }
    }

    private IFault FaultOf(FaultKind kind) =>
        kind switch
        {
            FaultKind.Kill => new KillFault(aimed),
            FaultKind.Outage => new OutageFault(),
            FaultKind.Stop => new StopFault(),
            FaultKind.Join => new JoinFault(),
            FaultKind.Leave => new LeaveFault(),
            FaultKind.Coordinator => new CoordinatorFault(),
            FaultKind.Power => new PowerFault(),
            FaultKind.Damage => new DamageFault(),
            FaultKind.Slow => new SlowFault(),
            FaultKind.Disk => new DiskFault(),
            FaultKind.Partition => new PartitionFault(),
            FaultKind.Narrow => new NarrowFault(),
            FaultKind.Lossy => new LossyFault(),
            FaultKind.Garbage => new GarbageFault(),
            FaultKind.Clock => new ClockFault(),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
}
