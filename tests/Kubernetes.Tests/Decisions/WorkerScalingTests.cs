using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.Decisions;

public sealed class WorkerScalingTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("worker=0..8", 0, 8)]
    [InlineData("w=2..2", 2, 2)]
    public void Bounds_WellWritten_AreRead(string text, int least, int most) =>
        Assert.Equal((least, most), (WorkerBounds.Read(text)!.Least, WorkerBounds.Read(text)!.Most));

    [Theory]
    [InlineData("worker")]
    [InlineData("=0..3")]
    [InlineData("worker=3..1")]
    [InlineData("worker=-1..3")]
    public void Bounds_BadlyWritten_AreNone(string text) => Assert.Null(WorkerBounds.Read(text));

    [Fact]
    public void Decide_WithWorkWaiting_ScalesUpAtOnceAndNotBeyondTheBound()
    {
        Assert.Equal(4, Decide(Queue(4), present: 1, before: null).Replicas);
        Assert.Equal(8, Decide(Queue(100), present: 1, before: null).Replicas);
    }

    [Fact]
    public void Decide_WithoutWork_ScalesDownWhenItHasBeenSoForAWhile()
    {
        var first = Decide(Queue(0), present: 3, before: null);
        Assert.Equal((3, s_now), (first.Replicas, first.NeededSince));
        Assert.Equal(3, Decide(Queue(0), 3, first, s_now + s_patience / 2).Replicas);
        Assert.Equal(0, Decide(Queue(0), 3, first, s_now + s_patience).Replicas);
        // Work that came meanwhile starts the wait anew.
        var again = Decide(Queue(1), 3, first, s_now + s_patience / 2);
        Assert.Equal(3, Decide(Queue(1), 3, again, s_now + s_patience).Replicas);
    }

    [Fact]
    public void Decide_OfANamespaceWithAQuota_CountsNoMoreThanThat()
    {
        var queue = Queue(6);
        queue.Namespaces.Add(new QueueNamespace { Name = "a", Quota = 2 });
        Assert.Equal(2, Decide(queue, present: 0, before: null).Replicas);
    }

    private static WorkerScale Decide(QueueStatus queue, int present, WorkerScale? before, DateTimeOffset? now = null) =>
        WorkerScaling.Decide(queue, present, before, now ?? s_now, new WorkerBounds("worker", 0, 8), s_patience);

    private static QueueStatus Queue(int most) =>
        most == 0
            ? new()
            : new()
            {
                Jobs =
                {
                    new QueuedJob { Namespace = "a", MaxWorkerCount = most },
                },
            };
}
