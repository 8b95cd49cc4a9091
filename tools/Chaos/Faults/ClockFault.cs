using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>The wall clock of one process, or of all, is an hour off for some seconds. Nothing may depend on it.</summary>
internal sealed class ClockFault : IFault
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    /// <summary>Between what a process says and what we read: an answer takes no longer, and an hour is far more.</summary>
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_seenWithin = TimeSpan.FromSeconds(20);

    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        var random = new DeterministicRandom(plan.Key);
        var shift = random.Next(2) == 0 ? s_hour : -s_hour;
        var all = context
            .Cluster.Workers.Prepend(context.Cluster.Coordinator)
            .Where(member => member.Ready.IsCompletedSuccessfully)
            .ToList();
        var off = random.Next(2) == 0 ? all : [all[random.Next(all.Count)]];
        var since = context.Time.GetTimestamp();
        try
        {
            foreach (var member in off)
            {
                context.Clocks!.Set(member.Name, shift);
            }
            var recovery = await context.RecoveryAsync(since, [], cancellationToken);
            var shifted = await SayAsync(context, off, shift, cancellationToken);
            await context.DelayAsync(plan.Hold, cancellationToken);
            // Still, and the others never were.
            var proven =
                shifted
                && await SayAsync(context, off, shift, cancellationToken)
                && await SayAsync(context, [.. all.Except(off)], TimeSpan.Zero, cancellationToken);
            foreach (var member in off)
            {
                context.Clocks!.Set(member.Name, TimeSpan.Zero);
            }
            var back = await SayAsync(context, all, TimeSpan.Zero, cancellationToken);
            var who = off.Count == all.Count ? $"all {all.Count} processes" : off[0].Name;
            return new FaultResult(
                proven
                    ? $"{who} answered with a date an hour {(shift > TimeSpan.Zero ? "ahead" : "behind")} for {Text.Of(plan.Hold)}"
                    : null,
                await recovery,
                back ? null : $"{who} did not come back to the right time"
            );
        }
        finally
        {
            foreach (var member in off)
            {
                context.Clocks!.Set(member.Name, TimeSpan.Zero);
            }
        }
    }

    /// <summary>Waits until each process' own answers bear a date that is so far off.</summary>
    private static async Task<bool> SayAsync(
        ChaosContext context,
        IReadOnlyList<Member> members,
        TimeSpan shift,
        CancellationToken cancellationToken
    )
    {
        var began = context.Time.GetTimestamp();
        while (true)
        {
            var shifts = await Task.WhenAll(members.Select(member => ShiftOfAsync(context, member, cancellationToken)));
            if (shifts.All(seen => (seen - shift).Duration() < s_tolerance))
            {
                return true;
            }
            if (context.Time.GetElapsedTime(began) > s_seenWithin)
            {
                return false;
            }
            await context.DelayAsync(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    /// <summary>By the Date of an HTTP answer.</summary>
    private static async Task<TimeSpan> ShiftOfAsync(ChaosContext context, Member member, CancellationToken cancellationToken)
    {
        using var answer = await context.Http.GetAsync($"{(await member.Ready).Http}/healthz", cancellationToken);
        return answer.Headers.Date is { } date ? date - context.Time.GetUtcNow() : TimeSpan.Zero;
    }
}
