using System.Runtime.Serialization;
using Akka.Actor;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Hosting;
using TrainingCluster.V1;

namespace TrainingCluster.Tests.Hosting;

public sealed class ControlSerializerTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("test", "akka { loglevel = OFF, stdout-loglevel = OFF }");
    private readonly ControlSerializer _serializer;

    public ControlSerializerTests() => _serializer = new ControlSerializer((ExtendedActorSystem)_system);

    public void Dispose() => _system.Dispose();

    [Fact]
    public void ToBinary_PlansInTurn_AreEachTheirOwn()
    {
        var (one, two) = (new StartGeneration { JobId = "a", Generation = 1 }, new StartGeneration { JobId = "a", Generation = 2 });
        foreach (var plan in new[] { one, one, two, one, two, two })
        {
            Assert.Equal(plan, _serializer.FromBinary(_serializer.ToBinary(plan), "SG"));
        }
        Assert.Same(_serializer.ToBinary(one), _serializer.ToBinary(one));
    }

    [Fact]
    public void Names_AreThoseOfTheProtocol()
    {
        var names = ControlSerializer.Messages.Select(type => $"{_serializer.Manifest(Activator.CreateInstance(type)!)} {type.Name}");
        Assert.Equal(
            [
                "DC DrainCompleted",
                "DW DrainWorker",
                "JR WorkerReport",
                "PG OpenRendezvous",
                "RN RenewNode",
                "RR ReportsReceived",
                "RW RegisterWorker",
                "SG StartGeneration",
                "ST StopTraining",
                "WR WorkerRegistered",
            ],
            names.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Table_EveryMessageOfTheProtocol_IsInItOrPartOfOneThatIs()
    {
        var known = ControlSerializer.Messages.Select(type => ((IMessage)Activator.CreateInstance(type)!).Descriptor).ToHashSet();
        var reached = known.Concat(known.SelectMany(Parts)).ToHashSet();
        Assert.Empty(ControlReflection.Descriptor.MessageTypes.Except(reached).Select(m => m.Name));

        static IEnumerable<MessageDescriptor> Parts(MessageDescriptor message) =>
            message
                .Fields.InDeclarationOrder()
                .Where(f => f.FieldType == FieldType.Message)
                .SelectMany(f => Parts(f.MessageType).Prepend(f.MessageType));
    }

    [Fact]
    public void ToBinary_Message_IsItsProtobufAndNothingElse()
    {
        var message = new RegisterWorker
        {
            WorkerId = "w",
            Incarnation = "i",
            Running = new RunningJob { JobId = "j", CompletedStep = 9 },
        };
        var bytes = _serializer.ToBinary(message);
        Assert.Equal(message.CalculateSize(), bytes.Length);
        Assert.Equal(message, _serializer.FromBinary(bytes, "RW"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("XX")]
    [InlineData("TrainingCluster.V1.RegisterWorker, TrainingCluster.Shared")]
    public void FromBinary_NameThatIsNotInTheTable_Throws(string name) =>
        Assert.Throws<SerializationException>(() => _serializer.FromBinary([], name));

    [Fact]
    public void FromBinary_BytesThatAreNoProtobuf_Throws() =>
        Assert.Throws<SerializationException>(() => _serializer.FromBinary([0xFF, 0xFF, 0xFF], "RW"));

    [Fact]
    public void Manifest_MessageThatIsNotInTheTable_Throws() =>
        Assert.Throws<SerializationException>(() => _serializer.Manifest(new StringValue()));
}
