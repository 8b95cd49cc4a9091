using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Display;

public sealed class JobProgressViewTests
{
    [Fact]
    public void Figures_OfProgress_ShowStepLossRateAndWorkers() =>
        Assert.Equal(
            "step 120/400, loss 2.346, 8,100 tokens/s, 2 workers, 1 skipped",
            JobProgressView.Figures(
                new JobProgress
                {
                    Step = 120,
                    TotalStepCount = 400,
                    Loss = 2.3456,
                    TokensPerSecond = 8100.4,
                    WorkerCount = 2,
                    SkippedStepCount = 1,
                }
            )
        );

    [Fact]
    public void Figures_WithoutTotal_ShowTheStepAlone() =>
        Assert.StartsWith("step 3, loss", JobProgressView.Figures(new JobProgress { Step = 3, WorkerCount = 1 }), StringComparison.Ordinal);

    [Fact]
    public void LineOf_EachEvent_SaysWhatHappened()
    {
        Assert.Equal(
            "failed (loss is NaN)",
            Line(
                new JobEvent
                {
                    State = new StateChanged { State = JobState.Failed, Reason = "loss is NaN" },
                }
            )
        );
        Assert.Equal(
            "generation 3: worker-1, worker-2 from step 7, 0.8 s after the change (worker-3 died)",
            Line(
                new JobEvent
                {
                    Generation = new GenerationChanged
                    {
                        Generation = 3,
                        Workers = { "worker-1", "worker-2" },
                        BaseStep = 7,
                        RecoveryDuration = ProtoDurations.OfSeconds(0.84),
                        Reason = "worker-3 died",
                    },
                }
            )
        );
        Assert.Equal(
            "step 50: BLEU 33.12, exact 12.5 %, loss 1.500 (100 sentences, 2.0 s), the best so far",
            Line(
                new JobEvent
                {
                    Evaluation = new Evaluation
                    {
                        Step = 50,
                        Bleu = 33.123,
                        ExactMatch = 0.125,
                        Loss = 1.5,
                        SentenceCount = 100,
                        Duration = ProtoDurations.OfSeconds(2),
                        Best = true,
                    },
                }
            )
        );
        Assert.Equal(
            "warning generation 2, step 9: worker-1 (rank 0): the checkpoint was not stored: disk full; done: training goes on; lost: nothing",
            Line(
                new JobEvent
                {
                    Fault = new Fault
                    {
                        Kind = FaultKind.CheckpointNotStored,
                        Generation = 2,
                        Step = 9,
                        Workers =
                        {
                            new FaultWorker { Id = "worker-1", Rank = 0 },
                        },
                        Cause = "the checkpoint was not stored: disk full",
                        Done = "training goes on",
                    },
                }
            )
        );
        // Its fault tells it.
        Assert.Null(
            Line(
                new JobEvent
                {
                    Checkpoint = new CheckpointStored { Step = 9, Error = "disk full" },
                }
            )
        );
        Assert.Equal(
            "warning worker-1: slow",
            Line(
                new JobEvent
                {
                    Log = new LogLine
                    {
                        Severity = LogSeverity.Warning,
                        Source = "worker-1",
                        Text = "slow",
                    },
                }
            )
        );
    }

    private static string? Line(JobEvent jobEvent) => JobProgressView.LineOf(jobEvent);
}
