using Akka.Actor;
using Akka.Cluster.Serialization;
using Akka.Dispatch.SysMsg;
using Akka.Remote.Serialization;
using Akka.Serialization;
using Akka.Util;
using Google.Protobuf;

namespace TrainingCluster.Hosting;

/// <summary>
/// What a node lets in: our messages, the cluster's, selections (which wrap one of the others), and of what remoting needs heartbeats, the
/// question who is there, and death watch. Everything else that Akka could read by default (JSON and protobuf of any type, remote
/// deployment,
/// a stranger's order to end an actor, …) fails to be read, and is counted.
/// </summary>
internal static class NodeSerialization
{
    /// <summary>Stands for what has no serialiser: it is never on the wire.</summary>
    private const int Nobody = 7070;

    // Identify, ActorIdentity, heartbeat of death watch, its answer.
    private static readonly Dictionary<string, Type?> s_remoting = new()
    {
        ["ID"] = null,
        ["AID"] = null,
        ["RWHB"] = null,
        ["RWHR"] = null,
    };

    private static readonly Dictionary<string, Type?> s_system = new[]
    {
        typeof(Watch),
        typeof(Unwatch),
        typeof(DeathWatchNotification),
    }.ToDictionary(type => type.TypeQualifiedName(), Type? (type) => type);

    /// <summary>Replaces the serialisers that an actor system has by default.</summary>
    public static SerializationSetup Setup { get; } =
        SerializationSetup.Create(system =>
            [
                SerializerDetails.Create("control", new ControlSerializer(system), [.. ControlSerializer.Messages]),
                SerializerDetails.Create("nobody", new NarrowSerializer(system, Nobody, null, []), [typeof(object), typeof(IMessage)]),
                .. Replacements(system),
            ]
        );

    private static IEnumerable<SerializerDetails> Replacements(ExtendedActorSystem system)
    {
        foreach (var (name, value) in system.Settings.Config.GetConfig("akka.actor.serialization-identifiers").AsEnumerable())
        {
            var id = value.GetInt();
            var narrow =
                name == NameOf(typeof(ClusterMessageSerializer))
                    ? new NarrowSerializer(system, id, new ClusterMessageSerializer(system), null)
                : name == NameOf(typeof(MessageContainerSerializer))
                    ? new NarrowSerializer(system, id, new MessageContainerSerializer(system), null)
                : name == NameOf(typeof(MiscMessageSerializer))
                    ? new NarrowSerializer(system, id, new MiscMessageSerializer(system), s_remoting)
                : name == NameOf(typeof(SystemMessageSerializer))
                    ? new NarrowSerializer(system, id, new SystemMessageSerializer(system), s_system)
                : new NarrowSerializer(system, id, null, []);
            yield return SerializerDetails.Create($"narrow-{id}", narrow, []);
        }
    }

    private static string NameOf(Type serializer) => $"{serializer.FullName}, {serializer.Assembly.GetName().Name}";
}
