using Google.Protobuf;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Store;

/// <summary>
/// Events and progress as programs before version 1 of the API stored them: seconds were numbers, causes and severities were text. What
/// means the same has kept its field number, so only the others are written anew.
/// </summary>
internal static class EventMigration
{
    private delegate void Change(CodedInputStream from, CodedOutputStream to);

    private static readonly Dictionary<uint, Change> s_progress = new()
    {
        [Number(12)] = Seconds(JobProgress.RemainingDurationFieldNumber),
    };

    private static readonly Dictionary<uint, Change> s_event = new()
    {
        [Message(JobEvent.ProgressFieldNumber)] = Within(JobEvent.ProgressFieldNumber, s_progress),
        [Message(JobEvent.EvaluationFieldNumber)] = Within(
            JobEvent.EvaluationFieldNumber,
            new() { [Number(8)] = Seconds(Evaluation.DurationFieldNumber) }
        ),
        [Message(JobEvent.GenerationFieldNumber)] = Within(
            JobEvent.GenerationFieldNumber,
            new()
            {
                [Number(5)] = Seconds(GenerationChanged.RecoveryDurationFieldNumber),
                [Message(6)] = Word(GenerationChanged.CauseFieldNumber, CauseOf),
                [Number(7)] = Seconds(GenerationChanged.DetectDurationFieldNumber),
                [Number(8)] = Seconds(GenerationChanged.RegroupDurationFieldNumber),
                [Number(9)] = Seconds(GenerationChanged.StateRecoveryDurationFieldNumber),
            }
        ),
        [Message(JobEvent.CheckpointFieldNumber)] = Within(
            JobEvent.CheckpointFieldNumber,
            new()
            {
                [Number(10)] = Seconds(CheckpointStored.StoreDurationFieldNumber),
                [Number(11)] = Seconds(CheckpointStored.PauseDurationFieldNumber),
            }
        ),
        [Message(JobEvent.LogFieldNumber)] = Within(
            JobEvent.LogFieldNumber,
            new() { [Message(1)] = Word(LogLine.SeverityFieldNumber, word => (int)LogSeverities.Of(word)) }
        ),
    };

    /// <summary>An event as this program writes it. A damaged one stays as it is: whoever reads it is told.</summary>
    public static byte[] Event(byte[] old) => Renewed(old, s_event);

    /// <summary>A job's progress as this program writes it.</summary>
    public static byte[] Progress(byte[] old) => Renewed(old, s_progress);

    private static byte[] Renewed(byte[] old, Dictionary<uint, Change> changes)
    {
        try
        {
            return Rewrite(old, changes);
        }
        catch (InvalidProtocolBufferException)
        {
            return old;
        }
    }

    private static byte[] Rewrite(byte[] old, Dictionary<uint, Change> changes)
    {
        using var bytes = new MemoryStream();
        using (var to = new CodedOutputStream(bytes, leaveOpen: true))
        {
            var from = new CodedInputStream(old);
            while (from.ReadTag() is var tag and not 0)
            {
                if (changes.TryGetValue(tag, out var change))
                {
                    change(from, to);
                }
                else
                {
                    Copy(tag, from, to);
                }
            }
        }
        return bytes.ToArray();
    }

    private static void Copy(uint tag, CodedInputStream from, CodedOutputStream to)
    {
        var type = WireFormat.GetTagWireType(tag);
        if (type is WireFormat.WireType.StartGroup or WireFormat.WireType.EndGroup)
        {
            from.SkipLastField();
            return;
        }
        to.WriteTag(tag);
        switch (type)
        {
            case WireFormat.WireType.Varint:
                to.WriteUInt64(from.ReadUInt64());
                break;
            case WireFormat.WireType.Fixed64:
                to.WriteFixed64(from.ReadFixed64());
                break;
            case WireFormat.WireType.LengthDelimited:
                to.WriteBytes(from.ReadBytes());
                break;
            case WireFormat.WireType.Fixed32:
                to.WriteFixed32(from.ReadFixed32());
                break;
        }
    }

    private static Change Seconds(int field) =>
        (from, to) =>
        {
            var duration = ProtoDurations.OfSeconds(from.ReadDouble());
            to.WriteTag(Message(field));
            to.WriteMessage(duration);
        };

    private static Change Word(int field, Func<string, int> meaning) =>
        (from, to) =>
        {
            var value = meaning(from.ReadString());
            to.WriteTag(field, WireFormat.WireType.Varint);
            to.WriteEnum(value);
        };

    private static Change Within(int field, Dictionary<uint, Change> changes) =>
        (from, to) =>
        {
            var inner = Rewrite(from.ReadBytes().ToByteArray(), changes);
            to.WriteTag(Message(field));
            to.WriteBytes(ByteString.CopyFrom(inner));
        };

    private static int CauseOf(string label) =>
        Enum.TryParse<GenerationCause>(label.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var cause) ? (int)cause : 0;

    private static uint Number(int field) => WireFormat.MakeTag(field, WireFormat.WireType.Fixed64);

    private static uint Message(int field) => WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited);
}
