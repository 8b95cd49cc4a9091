using Google.Protobuf;
using TrainingCluster.Chaos.Strangers;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos.Tests;

public sealed class GarbageTests
{
    [Fact]
    public void Bodies_OfAnySeed_AreNoMessages()
    {
        for (var seed = 0UL; seed < 200; seed++)
        {
            var body = Garbage.Body(new DeterministicRandom(seed));
            var announced = (body[1] << 24) | (body[2] << 16) | (body[3] << 8) | body[4];
            if (body[0] == 0 && announced == body.Length - 5)
            {
                Assert.Throws<InvalidProtocolBufferException>(() => CreateJobRequest.Parser.ParseFrom(body.AsSpan(5)));
            }
            else
            {
                Assert.True(body[0] > 1 || announced > body.Length - 5, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void LateFrame_OfAJob_IsWellFormedAndOfNoGeneration()
    {
        var frame = Frame.Parser.ParseFrom(Garbage.LateFrame(new DeterministicRandom(1), "job-1").AsSpan(5));
        Assert.Equal(("job-1", 0, FrameKind.Reduce), (frame.JobId, frame.Generation, frame.Kind));
        Assert.Equal(0, frame.Payload.Length % sizeof(float));
    }

    [Fact]
    public void Words_SameSeed_AreTheSame() =>
        Assert.Equal(
            Garbage.ForHttp2(new DeterministicRandom(5)).SelectMany(words => words),
            Garbage.ForHttp2(new DeterministicRandom(5)).SelectMany(words => words)
        );

    [Fact]
    public void Covers_Metrics_CountsEachKindByItself()
    {
        var count = RefusalCount.Of(
            """
            # TYPE training_cluster_refused_total counter
            training_cluster_refused_total{kind="call",reason="Unknown"} 3
            training_cluster_refused_total{kind="call",reason="Internal"} 4
            training_cluster_refused_total{kind="peer",reason="TimeoutException"} 2
            training_cluster_stale_total{kind="stream"} 5
            training_cluster_stale_total{kind="frame"} 9
            """
        );
        Assert.Equal(
            new RefusalCount
            {
                Calls = 7,
                Peers = 2,
                Streams = 5,
            },
            count
        );
        Assert.True(count.Covers(new RefusalCount { Calls = 7, Peers = 1 }));
        Assert.False(count.Covers(new RefusalCount { Calls = 6, Peers = 3 }));
        Assert.False(count.Since(new RefusalCount { Calls = 1 }).Covers(new RefusalCount { Calls = 7 }));
    }
}
