using Google.Protobuf;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Store;

/// <summary>Events as programs before version 1 of the API stored them. Their fields are written here by number.</summary>
public class EventMigrationTests
{
    private static byte[] Bytes(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            write(output);
        }
        return bytes.ToArray();
    }

    private static void Text(CodedOutputStream o, int field, string text)
    {
        o.WriteTag(field, WireFormat.WireType.LengthDelimited);
        o.WriteString(text);
    }

    private static void Number(CodedOutputStream o, int field, double number)
    {
        o.WriteTag(field, WireFormat.WireType.Fixed64);
        o.WriteDouble(number);
    }

    private static void Count(CodedOutputStream o, int field, long number)
    {
        o.WriteTag(field, WireFormat.WireType.Varint);
        o.WriteInt64(number);
    }

    private static JobEvent Renewed(int field, Action<CodedOutputStream> inner)
    {
        var old = Bytes(o =>
        {
            Text(o, JobEvent.JobIdFieldNumber, "job-1");
            o.WriteTag(field, WireFormat.WireType.LengthDelimited);
            o.WriteBytes(ByteString.CopyFrom(Bytes(inner)));
        });
        var renewed = JobEvent.Parser.ParseFrom(EventMigration.Event(old));
        Assert.Equal("job-1", renewed.JobId);
        // It stays what it is when it is done again.
        Assert.Equal(renewed, JobEvent.Parser.ParseFrom(EventMigration.Event(renewed.ToByteArray())));
        return renewed;
    }

    [Fact]
    public void Event_OfAGeneration_KeepsItsTimesAndCause()
    {
        var generation = Renewed(
            JobEvent.GenerationFieldNumber,
            o =>
            {
                Count(o, 1, 3);
                Text(o, 2, "a");
                Number(o, 5, 2.5);
                Text(o, 6, "worker_lost");
                Number(o, 7, 0.5);
                Number(o, 8, 0.25);
                Number(o, 9, 1.75);
                Count(o, 10, 4);
            }
        ).Generation;
        Assert.Equal(
            (3, "a", GenerationCause.WorkerLost, 4),
            (generation.Generation, generation.Workers[0], generation.Cause, generation.DiscardedStepCount)
        );
        Assert.Equal(
            [2.5, 0.5, 0.25, 1.75],
            new[]
            {
                generation.RecoveryDuration,
                generation.DetectDuration,
                generation.RegroupDuration,
                generation.StateRecoveryDuration,
            }.Select(d => d.ToTimeSpan().TotalSeconds)
        );
    }

    [Fact]
    public void Event_OfEveryOtherKind_KeepsWhatItSaid()
    {
        var evaluation = Renewed(
            JobEvent.EvaluationFieldNumber,
            o =>
            {
                Count(o, 7, 100);
                Number(o, 8, 1.5);
            }
        ).Evaluation;
        Assert.Equal((100, TimeSpan.FromSeconds(1.5)), (evaluation.SentenceCount, evaluation.Duration.ToTimeSpan()));
        var checkpoint = Renewed(
            JobEvent.CheckpointFieldNumber,
            o =>
            {
                Count(o, 3, 7);
                Number(o, 10, 2);
                Number(o, 11, 0.125);
            }
        ).Checkpoint;
        Assert.Equal(
            (7, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(0.125)),
            (checkpoint.SizeBytes, checkpoint.StoreDuration.ToTimeSpan(), checkpoint.PauseDuration.ToTimeSpan())
        );
        var log = Renewed(
            JobEvent.LogFieldNumber,
            o =>
            {
                Text(o, 1, "warning");
                Text(o, 3, "slow");
            }
        ).Log;
        Assert.Equal((LogSeverity.Warning, "slow"), (log.Severity, log.Text));
        var progress = Renewed(
            JobEvent.ProgressFieldNumber,
            o =>
            {
                Count(o, 2, 400);
                Count(o, 5, 2);
                Number(o, 12, 90);
            }
        ).Progress;
        Assert.Equal((400, 2, 90), (progress.TotalStepCount, progress.WorkerCount, progress.RemainingDuration.Seconds));
    }

    [Fact]
    public void Event_Damaged_StaysAsItIs()
    {
        byte[] damaged = [0x3a, 0x7f, 0x01];
        Assert.Equal(damaged, EventMigration.Event(damaged));
    }
}
