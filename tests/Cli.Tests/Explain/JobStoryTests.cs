using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Cli.Explain;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Explain;

public sealed class JobStoryTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 27, 3, 0, 0, TimeSpan.Zero);

    public static TheoryData<JobEvent, string> Told { get; } =
        new()
        {
            {
                At(
                    5,
                    new()
                    {
                        Generation = new()
                        {
                            Generation = 1,
                            Workers = { "a", "b" },
                            Cause = GenerationCause.Start,
                        },
                    }
                ),
                "03:00:05 generation: began with a, b"
            },
            {
                At(
                    9,
                    new()
                    {
                        Fault = new()
                        {
                            Kind = FaultKind.WorkerLost,
                            Step = 41,
                            Workers =
                            {
                                new FaultWorker
                                {
                                    Id = "b",
                                    Rank = 1,
                                    Host = "10.0.0.5",
                                },
                            },
                            Cause = "lost: its actor ended",
                            Done = "generation 2 is called with a",
                            Lost = "step 42, which is computed again",
                        },
                    }
                ),
                "03:00:09 fault: fault at step 41: b (rank 1, 10.0.0.5): lost: its actor ended. Done: generation 2 is called with a. "
                    + "Lost: step 42, which is computed again."
            },
            {
                At(
                    8,
                    new()
                    {
                        State = new() { State = JobState.Suspended, Reason = "suspended by request" },
                    }
                ),
                "03:00:08 suspended: held back: suspended by request"
            },
            {
                At(
                    8,
                    new()
                    {
                        State = new()
                        {
                            State = JobState.Succeeded,
                            Reason = "all steps are done",
                            WeightsSha256 = "ab12",
                        },
                    }
                ),
                "03:00:08 ended: succeeded: all steps are done; weights_sha256 ab12"
            },
            {
                At(
                    8,
                    new()
                    {
                        Log = new() { Source = "coordinator", Text = "gives b back for job-2" },
                    }
                ),
                "03:00:08 log: coordinator: gives b back for job-2"
            },
        };

    [Theory]
    [MemberData(nameof(Told))]
    public void Of_OneEvent_IsALine(JobEvent e, string expected) => Assert.Equal([expected], Lines(e));

    [Fact]
    public void Of_Submission_SaysByWhomAndTheTrace()
    {
        var job = Job(JobState.Queued);
        (job.Owner, job.TraceId) = ("ada", "4bf9");
        Assert.Equal("submitted by ada to the namespace research; trace id 4bf9", JobStory.Of(job, [], null, s_start).Lines[0].Text);
    }

    [Fact]
    public void Of_WaitThatEnded_SaysHowLongAndWhy() =>
        Assert.Equal(
            ["03:00:35 waited: waited 35 s for workers: needs 2 workers, 1 is here"],
            Lines(
                At(
                    0,
                    new()
                    {
                        State = new() { State = JobState.Queued, Reason = "waits for workers" },
                    }
                ),
                At(
                    35,
                    new()
                    {
                        State = new() { State = JobState.Running, WaitedFor = "needs 2 workers, 1 is here" },
                    }
                )
            )
        );

    [Fact]
    public void Of_Recovery_TellsItsPhasesAndWhatIsComputedAgain() =>
        Assert.Equal(
            "recovered in 0.6 s (noticed after 0.1 s, regrouped in 0.2 s, state in 0.3 s): goes on from step 41 with a; 1 step is "
                + "computed again",
            Texts(
                Began(),
                At(
                    10,
                    new()
                    {
                        Generation = new()
                        {
                            Generation = 2,
                            Workers = { "a" },
                            BaseStep = 41,
                            Cause = GenerationCause.WorkerLost,
                            DiscardedStepCount = 1,
                            RecoveryDuration = Seconds(0.6),
                            DetectDuration = Seconds(0.1),
                            RegroupDuration = Seconds(0.2),
                            StateRecoveryDuration = Seconds(0.3),
                        },
                    }
                )
            )[^1]
        );

    [Fact]
    public void Of_Preemption_WaitsAgainAndGoesOn() =>
        Assert.Equal(
            ["waits again: preempted for big-1", "waited 5.0 s for workers", "goes on from step 60 with a"],
            Texts(
                Began(),
                At(
                    20,
                    new()
                    {
                        State = new() { State = JobState.Queued, Reason = "preempted for big-1" },
                    }
                ),
                At(25, new() { State = new() { State = JobState.Running } }),
                At(
                    26,
                    new()
                    {
                        Generation = new()
                        {
                            Workers = { "a" },
                            BaseStep = 60,
                            Cause = GenerationCause.Start,
                        },
                    }
                )
            )[1..]
        );

    [Fact]
    public void Of_PlannedChange_SaysWhy() =>
        Assert.Equal(
            "changed in 0.2 s (c joins): goes on from step 60 with a, c",
            Texts(
                Began(),
                At(
                    26,
                    new()
                    {
                        Generation = new()
                        {
                            Workers = { "a", "c" },
                            BaseStep = 60,
                            Cause = GenerationCause.WorkerJoined,
                            Reason = "c joins; 4 shards each",
                            RecoveryDuration = Seconds(0.2),
                        },
                    }
                )
            )[^1]
        );

    [Fact]
    public void Of_TheSameFaultAgain_IsOneLineWithACount()
    {
        var full = new Fault
        {
            Kind = FaultKind.CheckpointNotStored,
            Cause = "the checkpoint was not stored: disk full",
            Done = "training goes on",
        };
        var line = Assert.Single(Lines(At(1, new() { Fault = full }), At(2, new() { Fault = full }), At(3, new() { Fault = full })));
        Assert.EndsWith("Lost: nothing. (3 times, until 03:00:03)", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_CheckpointsAndEvaluations_CountsAndNamesLastBestAndFailed()
    {
        var story = JobStory.Of(
            Job(JobState.Running),
            [
                At(
                    1,
                    new()
                    {
                        Evaluation = new()
                        {
                            Step = 40,
                            Bleu = 31.5,
                            Best = true,
                        },
                    }
                ),
                At(2, Stored(50)),
                At(
                    3,
                    new()
                    {
                        Evaluation = new() { Step = 80, Bleu = 30 },
                    }
                ),
                At(4, Stored(100)),
                At(
                    5,
                    new()
                    {
                        Checkpoint = new() { Step = 150, Error = "disk full" },
                    }
                ),
            ],
            null,
            s_start
        );
        Assert.Equal(
            [
                "2 checkpoints were stored, the last of step 100 (12 MB, 0.4 s); 1 could not be, the last at step 150: disk full",
                "2 evaluations: best BLEU 31.50 at step 40, last 30.00 at step 80",
            ],
            story.Summary
        );
    }

    [Theory]
    [InlineData(QueueVerdict.TooFewWorkers, "start workers: it needs 4 that are free and compute alike")]
    [InlineData(QueueVerdict.Behind, "jobs in front of it go first")]
    [InlineData(QueueVerdict.OverQuota, "other jobs of the namespace research must end first")]
    [InlineData(QueueVerdict.Gathers, "nothing need be done: its workers are on their way")]
    public void Of_JobThatWaits_SaysForWhatAndWhatHelps(QueueVerdict verdict, string help)
    {
        var queued = new QueuedJob
        {
            Verdict = verdict,
            Position = 2,
            Reason = "needs 4 workers, 2 are here",
            NeededWorkerCount = 4,
            QueueTime = Timestamp.FromDateTimeOffset(s_start),
        };
        var story = JobStory.Of(Job(JobState.Queued), [], queued, s_start.AddMinutes(5));
        Assert.Equal("waits 5 min 00 s, place 2 in the queue: needs 4 workers, 2 are here", story.Now);
        Assert.StartsWith(help, story.Help[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Of_RunningJobThatIsSilent_SaysHowLong()
    {
        var job = Job(JobState.Running);
        (job.Reason, job.TraceId) = ("generation 2 is called", "4bf9");
        var story = JobStory.Of(job, [Began()], null, s_start.AddMinutes(10));
        Assert.Equal("runs, but has said nothing for 9 min 55 s: generation 2 is called", story.Now);
        Assert.Contains(story.Help, help => help.EndsWith("trace id 4bf9", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(JobState.Succeeded, "succeeded", "'./cluster artifacts tiny-1 --out DIR' fetches its model")]
    [InlineData(JobState.Suspended, "is suspended: why", "'./cluster resume tiny-1' lets it go on from its newest step")]
    [InlineData(JobState.Failed, "failed: why", "the logs of coordinator and workers name it by its id, tiny-1")]
    public void Of_State_IsToldWithWhatHelps(JobState state, string now, string help)
    {
        var job = Job(state);
        job.Reason = "why";
        var story = JobStory.Of(job, [], null, s_start);
        Assert.Equal((now, help), (story.Now, story.Help[0]));
    }

    [Fact]
    public void Page_LongLines_AreBrokenAtEightyColumns()
    {
        var job = Job(JobState.Failed);
        job.Reason = string.Join(' ', Enumerable.Repeat("because", 40));
        var page = StoryPage.Of(job, JobStory.Of(job, [Began()], null, s_start)).ToList();
        Assert.All(page, line => Assert.InRange(line.Length, 0, StoryPage.Columns));
        Assert.Contains("2026-11-27 (UTC)", page);
        Assert.Contains("03:00:05  began with a, b", page);
    }

    private static JobEvent Began() =>
        At(
            5,
            new()
            {
                Generation = new()
                {
                    Generation = 1,
                    Workers = { "a", "b" },
                    Cause = GenerationCause.Start,
                },
            }
        );

    private static JobEvent Stored(long step) =>
        new()
        {
            Checkpoint = new()
            {
                Step = step,
                CheckpointId = $"{step}",
                SizeBytes = 12_000_000,
                StoreDuration = Seconds(0.4),
            },
        };

    private static Job Job(JobState state) =>
        new()
        {
            Id = "tiny-1",
            Namespace = "research",
            State = state,
            CreateTime = Timestamp.FromDateTimeOffset(s_start),
        };

    private static JobEvent At(int seconds, JobEvent e)
    {
        e.EventTime = Timestamp.FromDateTimeOffset(s_start.AddSeconds(seconds));
        return e;
    }

    private static Duration Seconds(double seconds) => Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds));

    private static string[] Texts(params JobEvent[] events) =>
        [.. JobStory.Of(Job(JobState.Running), events, null, s_start).Lines.Skip(1).Select(line => line.Text)];

    private static string[] Lines(params JobEvent[] events) =>
        [
            .. JobStory
                .Of(Job(JobState.Running), events, null, s_start)
                .Lines.Skip(1)
                .Select(line => FormattableString.Invariant($"{line.Time:HH:mm:ss} {line.Kind}: {line.Text}")),
        ];
}
