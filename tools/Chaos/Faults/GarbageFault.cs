using TrainingCluster.Chaos.Strangers;
using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>
/// Strangers talk to every port of every process. Nothing may come of it but that each process counts what it has refused.
/// </summary>
internal sealed class GarbageFault : IFault
{
    /// <summary>Actors hang up on who says nothing for 3 s.</summary>
    private static readonly TimeSpan s_leastHold = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_countedWithin = TimeSpan.FromSeconds(20);

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var members = context
            .Cluster.Workers.Prepend(context.Cluster.Coordinator)
            .Where(member => member.Ready.IsCompletedSuccessfully)
            .ToList();
        var strangers = members
            .Select(member => new Stranger(
                member,
                context.Jobs.Current,
                new DeterministicRandom(plan.Key, (ulong)member.Place),
                context.Http,
                context.Time
            ))
            .ToList();
        var before = await Task.WhenAll(members.Select(member => CountAsync(context, member, cancellationToken)));
        var since = context.Time.GetTimestamp();
        var hold = plan.Hold > s_leastHold ? plan.Hold : s_leastHold;
        var talking = Task.WhenAll(strangers.Select(stranger => stranger.RunAsync(hold, cancellationToken)));
        var recovery = await context.RecoveryAsync(since, [], cancellationToken);
        await talking;
        var missed = await MissedAsync(context, strangers, before, cancellationToken);
        var problems = strangers.SelectMany(stranger => stranger.Problems).Concat(missed).ToList();
        return new FaultResult(
            missed.Count > 0
                ? null
                : $"{members.Count} processes counted all that {strangers.Sum(stranger => stranger.Sent.All)} refusals were due for "
                    + $"({Total(strangers)}) in {Text.Of(context.Time.GetElapsedTime(since))}",
            await recovery,
            problems.Count == 0 ? null : string.Join("; ", problems)
        );
    }

    /// <summary>Waits until every process has counted what it was sent.</summary>
    /// <returns>Those that have not, in time.</returns>
    private static async Task<IReadOnlyList<string>> MissedAsync(
        ChaosContext context,
        IReadOnlyList<Stranger> strangers,
        RefusalCount[] before,
        CancellationToken cancellationToken
    )
    {
        var began = context.Time.GetTimestamp();
        while (true)
        {
            var missed = new List<string>();
            foreach (var (stranger, old) in strangers.Zip(before))
            {
                var grown = (await CountAsync(context, stranger.Member, cancellationToken)).Since(old);
                if (!grown.Covers(stranger.Sent))
                {
                    missed.Add($"{stranger.Member.Name} was sent {stranger.Sent} and counted {grown}");
                }
            }
            if (missed.Count == 0 || context.Time.GetElapsedTime(began) > s_countedWithin)
            {
                return missed;
            }
            await context.DelayAsync(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    private static RefusalCount Total(IReadOnlyList<Stranger> strangers) =>
        new()
        {
            Calls = strangers.Sum(stranger => stranger.Sent.Calls),
            Connections = strangers.Sum(stranger => stranger.Sent.Connections),
            Peers = strangers.Sum(stranger => stranger.Sent.Peers),
            Streams = strangers.Sum(stranger => stranger.Sent.Streams),
        };

    private static async Task<RefusalCount> CountAsync(ChaosContext context, Member member, CancellationToken cancellationToken) =>
        RefusalCount.Of(await context.Http.GetStringAsync($"{(await member.Ready).Http}/metrics", cancellationToken));
}
