using Google.Protobuf.WellKnownTypes;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class QueueCommandTests
{
    private static QueueStatus Two() =>
        new()
        {
            Jobs =
            {
                new QueuedJob
                {
                    JobId = "big-1",
                    Namespace = "research",
                    Priority = 5,
                    State = JobState.Queued,
                    Position = 1,
                    Verdict = QueueVerdict.TooFewWorkers,
                    Reason = "needs 4 workers, 2 are here",
                    NeededWorkerCount = 4,
                    MaxWorkerCount = 8,
                    QueueTime = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddMinutes(-5)),
                },
                new QueuedJob
                {
                    JobId = "small-1",
                    Namespace = "teaching",
                    State = JobState.Running,
                    Verdict = QueueVerdict.Keeps,
                    WorkerCount = 2,
                    NeededWorkerCount = 1,
                    MaxWorkerCount = 2,
                },
            },
            Namespaces =
            {
                new QueueNamespace
                {
                    Name = "research",
                    Quota = 4,
                    Share = 2,
                },
            },
            WorkerCount = 2,
        };

    [Fact]
    public async Task Queue_AsATable_ShowsPlacesWorkersAndReasons()
    {
        var asked = "";
        var session = await RunAsync(
            request =>
            {
                asked = request.Namespace;
                return Two();
            },
            "--namespace",
            "research"
        );
        Assert.Equal((0, "research"), (session.ExitCode, asked));
        var lines = session.Out.TrimEnd().Split('\n');
        Assert.StartsWith("PLACE  JOB", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^1 +big-1 +research +5 +queued +0 \(4 to 8\) +5 min 0\d s +needs 4 workers, 2 are here$", lines[1]);
        Assert.Matches(@"^- +small-1 +teaching +0 +running +2 \(1 to 2\) +- +-$", lines[2]);
        Assert.Contains("namespace research: 0 workers of 4 that it may have, share 2", session.Error, StringComparison.Ordinal);
        Assert.Contains("0 of 2 workers are free", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queue_AsJson_IsOneMessage() =>
        Assert.Equal(Two().Jobs[1], QueueStatus.Parser.ParseJson((await RunAsync(_ => Two(), "--json")).Out).Jobs[1]);

    [Fact]
    public async Task Queue_Empty_SaysSo()
    {
        var session = await RunAsync(_ => new(), "--namespace", "nobodys");
        Assert.Equal((0, ""), (session.ExitCode, session.Out));
        Assert.Contains("no job of namespace nobodys", session.Error, StringComparison.Ordinal);
    }

    private static async Task<Session> RunAsync(Func<GetQueueRequest, QueueStatus> answer, params string[] args)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(new() { Queue = answer });
        return await Session.RunAsync(["queue", .. args, "--coordinator", coordinator.Address]);
    }
}
