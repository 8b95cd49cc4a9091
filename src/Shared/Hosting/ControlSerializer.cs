using System.Collections.Frozen;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Hosting;

/// <summary>
/// The messages of control.proto that actors send between nodes, as protobuf under a name of two letters. What is not in the table is
/// neither
/// sent nor read.
/// </summary>
/// <param name="system">Its actor system.</param>
public sealed class ControlSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    // Names are part of the protocol: an old one is never given to another message (GA, SR and RP were used before).
    private static readonly FrozenDictionary<string, MessageParser> s_parsers = new Dictionary<string, MessageParser>
    {
        ["RW"] = RegisterWorker.Parser,
        ["WR"] = WorkerRegistered.Parser,
        ["DW"] = DrainWorker.Parser,
        ["DC"] = DrainCompleted.Parser,
        ["RN"] = RenewNode.Parser,
        ["PG"] = OpenRendezvous.Parser,
        ["SG"] = StartGeneration.Parser,
        ["ST"] = StopTraining.Parser,
        ["JR"] = WorkerReport.Parser,
        ["RR"] = ReportsReceived.Parser,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<Type, string> s_names = s_parsers.ToFrozenDictionary(
        entry => entry.Value.ParseFrom(ByteString.Empty).GetType(),
        entry => entry.Key
    );

    private volatile PlanBytes? _newestPlan;

    /// <summary>The messages that it knows.</summary>
    public static IEnumerable<Type> Messages => s_names.Keys;

    /// <inheritdoc/>
    public override int Identifier => 7071;

    /// <inheritdoc/>
    public override string Manifest(object o)
    {
        ArgumentNullException.ThrowIfNull(o);
        return s_names.TryGetValue(o.GetType(), out var name)
            ? name
            : throw new SerializationException($"{o.GetType()} is no message between nodes");
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A plan goes to every member of a group, and is as long as the group is large. It is made once and never changed: so are its bytes.
    /// </remarks>
    public override byte[] ToBinary(object obj)
    {
        if (obj is not StartGeneration plan)
        {
            return ((IMessage)obj).ToByteArray();
        }
        if (_newestPlan is { } newest && ReferenceEquals(newest.Plan, plan))
        {
            return newest.Bytes;
        }
        var bytes = plan.ToByteArray();
        _newestPlan = new(plan, bytes);
        return bytes;
    }

    /// <inheritdoc/>
    /// <exception cref="SerializationException">
    /// These are no bytes of a message of that name. Of another exception the connection itself would end, and with it all that is under
    /// way.
    /// </exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (!s_parsers.TryGetValue(manifest ?? "", out var parser))
        {
            throw new SerializationException($"no message is named \"{manifest}\"");
        }
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new SerializationException($"a message \"{manifest}\" cannot be read: {e.Message}", e);
        }
    }

    private sealed record PlanBytes(StartGeneration Plan, byte[] Bytes);
}
