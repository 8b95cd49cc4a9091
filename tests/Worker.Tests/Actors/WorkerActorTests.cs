using TrainingCluster.V1;
using TrainingCluster.Worker.Actors;

namespace TrainingCluster.Worker.Tests.Actors;

public class WorkerActorTests
{
    [Fact]
    public async Task Register_AnswerOfTheCoordinator_IsKnownToTheTrainerAndRepeated()
    {
        await using var harness = new WorkerActorHarness();
        harness.Trainer.Running = new RunningJob
        {
            JobId = "j",
            Generation = 2,
            HasState = true,
            CompletedStep = 9,
        };
        var first = await harness.HearAsync<RegisterWorker>();
        await harness.RegisterAsync();

        Assert.Equal(
            ("w", "i", "http://w", "", 9),
            (first.WorkerId, first.Incarnation, first.CollectiveAddress, first.Coordinator, first.Running.CompletedStep)
        );
        Assert.Equal("f", first.Arithmetic.Fingerprint);
        Assert.Equal("http://c", harness.Link.GrpcAddress);
        Assert.True(harness.Link.HeardWithin(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task Commands_Pass_AndPrepareIsAcknowledgedBeforeTheTrainerAnswers()
    {
        await using var harness = new WorkerActorHarness();
        await harness.RegisterAsync();
        harness.Say(new OpenRendezvous { JobId = "j", Generation = 4 });
        harness.Say(new StartGeneration { JobId = "j", Generation = 4 });
        harness.Say(new StopTraining { JobId = "j", Generation = 4 });

        var acknowledged = await harness.HearAsync<WorkerReport>(r => r.Acknowledged is not null);
        Assert.Equal((0, "j", 4, "w", "i"), Of(acknowledged));
        Assert.IsType<OpenRendezvous>(await harness.Trainer.NextCommandAsync());
        Assert.IsType<StartGeneration>(await harness.Trainer.NextCommandAsync());
        Assert.IsType<StopTraining>(await harness.Trainer.NextCommandAsync());
    }

    private static (long, string, long, string, string) Of(WorkerReport report) =>
        (report.Sequence, report.Header.JobId, report.Header.Generation, report.Header.WorkerId, report.Header.Incarnation);

    [Fact]
    public async Task Report_NotAcknowledged_ComesAgainUntilItIs()
    {
        await using var harness = new WorkerActorHarness();
        await harness.RegisterAsync();
        harness.Outbox.Post(new WorkerReport { Completed = new() { Step = 3 } });
        harness.Outbox.Post(new WorkerReport { Log = new() { Text = "x" } });

        Assert.Equal(1, (await harness.HearAsync<WorkerReport>(r => r.Completed is not null)).Sequence);
        Assert.Equal(1, (await harness.HearAsync<WorkerReport>(r => r.Completed is not null)).Sequence);
        harness.Say(new ReportsReceived { Incarnation = "i", Sequence = 1 });
        var registration = await harness.HearAsync<RegisterWorker>(r => r.FirstReport == 2);

        Assert.Equal(2, registration.FirstReport);
        Assert.Equal([2L], harness.Outbox.Unacknowledged.Select(r => r.Sequence));
    }

    [Fact]
    public async Task StepReport_IsSentOnceAndNotKept()
    {
        await using var harness = new WorkerActorHarness();
        await harness.RegisterAsync();
        harness.Outbox.Post(new WorkerReport { Step = new() { Step = 5 } });
        var step = await harness.HearAsync<WorkerReport>();
        Assert.Equal((0, 5), (step.Sequence, step.Step.Step));
        Assert.Empty(harness.Outbox.Unacknowledged);
    }

    [Fact]
    public async Task Report_WhileNoActorRuns_IsDeliveredByTheNextOne()
    {
        await using var harness = new WorkerActorHarness();
        await harness.RegisterAsync();
        harness.End();
        harness.Outbox.Post(new WorkerReport { Completed = new() { Step = 3 } });
        harness.Begin();
        await harness.RegisterAsync();
        Assert.Equal(3, (await harness.HearAsync<WorkerReport>()).Completed.Step);
    }

    [Fact]
    public async Task Register_CoordinatorIsANewOne_AsksForANewNode()
    {
        await using var harness = new WorkerActorHarness();
        await harness.RegisterAsync();
        harness.Say(
            new WorkerRegistered
            {
                CoordinatorIncarnation = "c2",
                GrpcAddress = "http://c2",
                Rejoin = true,
            }
        );
        Assert.Contains("restarted", await harness.Rejoin.Task.WaitAsync(TimeSpan.FromMinutes(2)), StringComparison.Ordinal);
        Assert.Equal("http://c2", harness.Link.GrpcAddress);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Node_ThatHearsNothing_IsMadeAnewWhetherItEverJoinedOrNot(bool isMember)
    {
        await using var harness = new WorkerActorHarness();
        harness.Begin(isMember, silence: TimeSpan.FromMilliseconds(200));
        Assert.Contains("has not answered", await harness.Rejoin.Task.WaitAsync(TimeSpan.FromMinutes(2)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drain_AskedFor_IsSaidUntilItIsCompleted()
    {
        await using var harness = new WorkerActorHarness();
        await harness.RegisterAsync();
        harness.Link.BeginDrain();
        await harness.HearAsync<DrainWorker>();
        var drain = await harness.HearAsync<DrainWorker>();
        Assert.False(harness.Link.Drained.IsCompleted);
        harness.Say(new DrainCompleted { WorkerId = drain.WorkerId, Incarnation = drain.Incarnation });
        await harness.Link.Drained.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Report_WithAnEndlessText_IsCutToWhatAFrameHolds()
    {
        await using var harness = new WorkerActorHarness();
        await harness.RegisterAsync();
        harness.Outbox.Post(
            new WorkerReport { Log = new() { Text = new string('x', 2 * TrainingCluster.Hosting.ActorConfiguration.MaxFrameBytes) } }
        );

        var report = await harness.HearAsync<WorkerReport>();

        Assert.InRange(report.CalculateSize(), LongText.Limit, TrainingCluster.Hosting.ActorConfiguration.MaxFrameBytes / 2);
        Assert.EndsWith(" more characters)", report.Log.Text, StringComparison.Ordinal);
    }
}
