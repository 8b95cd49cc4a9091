using Akka.Actor;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Control;

/// <summary>Who is taken for a worker, and for a living one.</summary>
public class RegistrationTests
{
    [Theory]
    [InlineData(0, "unreachable")]
    [InlineData(3600, "training")]
    public async Task Reachability_Accused_IsLostOnlyWhenSilentForLonger(int silentSeconds, string state)
    {
        await using var harness = await ActorHarness.StartAsync(TimeSpan.FromSeconds(silentSeconds));
        var (a, _, _) = await harness.TwoTrainAsync();

        // As one that slept would say when it wakes: nobody is there. (Both probes live in one node.)
        harness.Actor.Tell(new MemberReachability(a.Actor.Path.Address, Reachable: false));

        Assert.Equal([state, state], await harness.StatesAsync());
    }

    [Fact]
    public async Task Register_WithoutArithmetic_IsRefused()
    {
        await using var harness = await ActorHarness.StartAsync();
        var old = harness.Worker("old");
        old.Tell(
            new RegisterWorker
            {
                WorkerId = "old",
                Incarnation = "i",
                Version = "0.0.9",
            }
        );

        Assert.Contains(
            "does not tell how it computes (version 0.0.9)",
            (await old.NextAsync<WorkerRegistered>()).Refused,
            StringComparison.Ordinal
        );
        Assert.Empty(await harness.StatesAsync());
    }

    [Fact]
    public async Task Register_WithTheClusterOfAnotherCoordinator_IsAskedToRejoin()
    {
        await using var harness = await ActorHarness.StartAsync();
        var a = harness.Worker("a");
        a.Tell(
            new RegisterWorker
            {
                WorkerId = "a",
                Incarnation = "i",
                FirstReport = 1,
                Coordinator = "zero",
            }
        );
        var answer = await a.NextAsync<WorkerRegistered>();
        Assert.True(answer.Rejoin);
        Assert.Empty((await harness.Actor.Ask<ClusterStatus>(StatusRequested.Instance)).Workers);
    }

    [Fact]
    public async Task Register_SecondWorkerOfTheSameName_ReplacesTheFirstWhichIsRefused()
    {
        await using var harness = await ActorHarness.StartAsync();
        var (old, young) = (harness.Worker("a", "old"), harness.Worker("a", "young"));
        old.Register();
        Assert.Equal("", (await old.NextAsync<WorkerRegistered>()).Refused);
        young.Register();
        Assert.Equal("", (await young.NextAsync<WorkerRegistered>()).Refused);
        old.Register();
        Assert.Contains("--name", (await old.NextAsync<WorkerRegistered>()).Refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Register_HoldingAJobThatHasEnded_IsToldToStop()
    {
        await using var harness = await ActorHarness.StartAsync();
        var a = harness.Worker("a");
        a.Register(
            new RunningJob
            {
                JobId = "gone",
                Generation = 3,
                Training = true,
            }
        );
        var stop = await a.NextAsync<StopTraining>();
        Assert.Equal(("gone", 3, false), (stop.JobId, stop.Generation, stop.KeepState));
    }

    [Fact]
    public async Task Tick_WorkerThatRegisters_IsNotRemovedWhateverOthersSay()
    {
        await using var harness = await ActorHarness.StartAsync(accused: TimeSpan.FromMinutes(10));
        var worker = harness.Worker("a");
        worker.Register();
        await worker.NextAsync<WorkerRegistered>();
        using var limit = new CancellationTokenSource(ProbeWorker.Timeout);
        while (!harness.Alive.Contains(worker.Actor.Path.Address))
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
