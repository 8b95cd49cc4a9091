using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>
/// Links are cut without a word: of one worker or some, of the coordinator, or among workers that still reach the coordinator.
/// </summary>
internal sealed class PartitionFault : IFault
{
    private sealed record Cut(IReadOnlyList<int> Places, bool Apart, string Who, string Way);

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var network = context.Network!;
        var workers = context.Cluster.Workers;
        var cut = Choose(context, new DeterministicRandom(plan.Key));
        var since = context.Time.GetTimestamp();
        try
        {
            foreach (var place in cut.Places)
            {
                await (cut.Apart ? network.KeepApartAsync(place, cancellationToken) : network.CutAsync(place, cancellationToken));
            }
            var recovery = await context.RecoveryAsync(
                since,
                [.. workers.Where(worker => cut.Places.Contains(worker.Place))],
                cancellationToken
            );
            var sent = await network.SentAsync(cut.Places[0], cancellationToken);
            var passed = await ProbeAsync(context, cut, cancellationToken);
            var hold = cut.Apart ? 5 * plan.Hold : plan.Hold;
            await context.DelayAsync(hold, cancellationToken);
            var lost = await network.SentAsync(cut.Places[0], cancellationToken) - sent;
            foreach (var place in cut.Places)
            {
                await network.MendAsync(place);
            }
            return new FaultResult(
                passed is null || lost == 0
                    ? null
                    : $"{cut.Who} for {Text.Of(hold)}: {passed}{(cut.Apart ? "" : $", {lost} packets went nowhere")}",
                await recovery,
                Way: cut.Way
            );
        }
        finally
        {
            foreach (var place in cut.Places)
            {
                await network.MendAsync(place);
            }
        }
    }

    private static Cut Choose(ChaosContext context, DeterministicRandom random)
    {
        var living = context.Cluster.Workers.Count;
        switch (random.Next(6))
        {
            case 0:
                return new Cut([0], false, "the coordinator was cut off", "coordinator");
            case 1 when living > 1:
                var apart = context.Choose(random, 2 + random.Next(living - 1));
                return new Cut(Places(apart), true, $"{Names(apart)} were kept apart", "apart");
            case 2 when living > 1:
                var several = context.Choose(random, 2 + random.Next(living - 1));
                return new Cut(Places(several), false, $"{Names(several)} were cut off", "several workers");
            default:
                var one = context.Choose(random, 1);
                return new Cut(Places(one), false, $"{Names(one)} was cut off", "one worker");
        }
    }

    /// <summary>Tries to connect over the cut. Null: it could.</summary>
    private static async Task<string?> ProbeAsync(ChaosContext context, Cut cut, CancellationToken cancellationToken)
    {
        var (from, to) = (cut.Places[0], context.Cluster.Actors);
        if (from == 0 || cut.Apart)
        {
            var other = context.Cluster.Workers.First(worker => worker.Place != from && (!cut.Apart || cut.Places.Contains(worker.Place)));
            // A worker that only just starts has no port yet to knock at: its address is as unreachable.
            to = other.Ready.IsCompletedSuccessfully ? (await other.Ready).Cluster : $"{context.Network!.Address(other.Place)}:9";
        }
        return await context.Network!.ReachesAsync(from, to, cancellationToken) ? null : $"no connection to {to}";
    }

    private static List<int> Places(IEnumerable<Member> workers) => [.. workers.Select(worker => worker.Place)];

    private static string Names(IEnumerable<Member> workers) => string.Join(", ", workers.Select(worker => worker.Name));
}
