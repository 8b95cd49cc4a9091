using Microsoft.Extensions.Time.Testing;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.Controller;

/// <summary>An API server that is away for ten minutes, by the times that the coordinator has in production.</summary>
public sealed class LongOutageTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task ApiServer_AwayForTenMinutes_IsLetAloneAndCatchesUpAfterwards()
    {
        var options = new KubernetesOptions();
        await using var world = await ControllerWorld.StartAsync(time: _time, options: options);
        await world.CreateAsync("long");
        await UntilAsync(world, () => (string?)world.Item("long")!["status"]?["jobId"] is not null);
        var jobId = (string)world.Item("long")!["status"]!["jobId"]!;
        await TrainAsync(world, jobId, 40);
        await UntilAsync(world, () => (long?)world.Item("long")!["status"]!["step"] == 40);

        world.Api.IsAway = true;
        world.Api.DropWatches();
        var begun = world.Api.Calls.Count;
        await PassAsync(options.RenewDeadline + 2 * options.RetryPeriod);
        var led = world.Api.Calls.Count;
        for (var minute = 1; minute <= 10; minute++)
        {
            await TrainAsync(world, jobId, 40 + minute);
            await PassAsync(TimeSpan.FromMinutes(1));
        }

        // It tries, stops leading within its term, and asks for nothing but the lease from then on: no herd of calls meets the server when
        // it is back.
        var calls = world.Api.Calls.Skip(begun).ToList();
        var later = world.Api.Calls.Skip(led).ToList();
        Assert.True(led > begun, $"{led}");
        Assert.All(later, call => Assert.Contains("/leases", call, StringComparison.Ordinal));
        Assert.InRange(calls.Count, 100, (int)(TimeSpan.FromMinutes(15) / options.RetryPeriod));

        world.Api.IsAway = false;
        await UntilAsync(world, () => (long?)world.Item("long")!["status"]!["step"] == 50);
        await TrainAsync(world, jobId, 60, ended: true);
        await UntilAsync(world, () => ControllerWorld.State(world.Item("long")!) == "Complete");
        Assert.Equal([$"created {jobId}"], world.Commands);
        Assert.Single(world.Announced("long"), text => text == "Normal Complete: done");
        // Each checkpoint's event of these ten minutes would be news of yesterday: the newest is told.
        Assert.Single(world.Announced("long"), text => text.Contains("checkpoint of step 50", StringComparison.Ordinal));
    }

    /// <summary>Says how far the job is, as its actor does, whether or not there is an API server.</summary>
    private Task TrainAsync(ControllerWorld world, string jobId, long step, bool ended = false) =>
        world.SaveAsync(
            jobId,
            record =>
                record with
                {
                    Phase = ended ? JobPhase.Succeeded : JobPhase.Running,
                    Reason = ended ? "done" : "trains",
                    Started = record.Started ?? _time.GetUtcNow(),
                    Ended = ended ? _time.GetUtcNow() : null,
                },
            new JobProgress
            {
                Step = step,
                TotalStepCount = 60,
                WorkerCount = 2,
            },
            ended
                ? new JobEvent
                {
                    State = new() { State = JobState.Succeeded, Reason = "done" },
                }
                : new JobEvent
                {
                    Checkpoint = new() { Step = step, SizeBytes = 1000 },
                }
        );

    /// <summary>Lets time pass, second by second, so that what falls due in one is done before the next.</summary>
    private async Task PassAsync(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += s_second)
        {
            _time.Advance(s_second);
            await Task.Delay(3, TestContext.Current.CancellationToken);
        }
    }

    private async Task UntilAsync(ControllerWorld world, Func<bool> happened)
    {
        for (var seconds = 0; seconds < 600; seconds++)
        {
            if (happened())
            {
                return;
            }
            _time.Advance(s_second);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        Assert.Fail($"it did not happen in ten minutes: {world.Item("long")}\n{string.Join('\n', world.Api.Calls.TakeLast(20))}");
    }
}
