using Akka.Actor;
using Akka.Cluster;
using Google.Protobuf;

namespace Akka.Remote;

/// <summary>Turns the messages that may cross a process into bytes and back: protobuf messages, and what actors themselves need.</summary>
internal static class MessageCodec
{
    private enum Kind : byte
    {
        Null,
        Protobuf,
        PoisonPill,
        Kill,
        Identify,
        ActorIdentity,
        Failure,
        Success,
        Selection,
        String,
        Int,
        Long,
        Bool,
        Cluster,
    }

    internal static void Write(WireWriter w, object message, Address own)
    {
        switch (message)
        {
            case null: Start(w, Kind.Null); break;
            case IMessage proto:
                Start(w, Kind.Protobuf).String(proto.Descriptor.FullName);
                w.Bytes(proto.ToByteArray());
                break;
            case IClusterMessage cluster: ClusterCodec.Write(Start(w, Kind.Cluster), cluster); break;
            case Actor.PoisonPill: Start(w, Kind.PoisonPill); break;
            case Actor.Kill: Start(w, Kind.Kill); break;
            case Identify identify: Write(Start(w, Kind.Identify), identify.MessageId, own); break;
            case ActorIdentity identity:
                Write(Start(w, Kind.ActorIdentity), identity.MessageId, own);
                w.String(PathOf(identity.Subject, own));
                break;
            case Status.Failure failure:
                Start(w, Kind.Failure).String(failure.Cause?.GetType().AssemblyQualifiedName ?? "");
                w.String(failure.Cause?.Message ?? "");
                break;
            case Status.Success success: Write(Start(w, Kind.Success), success.Status, own); break;
            case SelectionMessage selection:
                Start(w, Kind.Selection).List(selection.Elements, w.String);
                Write(w, selection.Message, own);
                break;
            case string text: Start(w, Kind.String).String(text); break;
            case int number: Start(w, Kind.Int).Int(number); break;
            case long number: Start(w, Kind.Long).Long(number); break;
            case bool flag: Start(w, Kind.Bool).Bool(flag); break;
            default: throw new NotSupportedException($"A {message.GetType()} cannot be sent to another process; send a protobuf message.");
        }
    }

    /// <summary>Throws <see cref="InvalidDataException"/> where the bytes make no sense here.</summary>
    internal static object Read(WireReader r, Func<string, IActorRef> resolve)
    {
        var kind = (Kind)r.Byte();
        switch (kind)
        {
            case Kind.Null: return null;
            case Kind.Protobuf:
                var name = r.String();
                var parser = ProtobufTypes.Find(name) ?? throw new InvalidDataException($"No loaded assembly has a protobuf message {name}.");
                return parser.ParseFrom(r.Bytes());
            case Kind.Cluster: return ClusterCodec.Read(r);
            case Kind.PoisonPill: return Actor.PoisonPill.Instance;
            case Kind.Kill: return Actor.Kill.Instance;
            case Kind.Identify: return new Identify(Read(r, resolve));
            case Kind.ActorIdentity: return new ActorIdentity(Read(r, resolve), resolve(r.String()));
            case Kind.Failure: return new Status.Failure(ToException(r.String(), r.String()));
            case Kind.Success: return new Status.Success(Read(r, resolve));
            case Kind.Selection:
                var elements = r.List(r.String);
                return new SelectionMessage(Read(r, resolve), elements);
            case Kind.String: return r.String();
            case Kind.Int: return r.Int();
            case Kind.Long: return r.Long();
            case Kind.Bool: return r.Bool();
            default: throw new InvalidDataException($"Unknown kind of message {(byte)kind}.");
        }
    }

    internal static string PathOf(IActorRef actor, Address own) => actor is null or Nobody ? "" : actor.Path.ToSerializationFormat(own);

    private static WireWriter Start(WireWriter w, Kind kind)
    {
        w.Byte((byte)kind);
        return w;
    }

    /// <summary>An exception of the same type if that is known here and takes a message, or else a general one that names it.</summary>
    private static Exception ToException(string typeName, string message)
    {
        var type = typeName.Length == 0 ? null : Type.GetType(typeName, throwOnError: false);
        if (type is not null && typeof(Exception).IsAssignableFrom(type) && type.GetConstructor([typeof(string)]) is { } constructor)
            return (Exception)constructor.Invoke([message]);
        return new InvalidOperationException($"{typeName.Split(',')[0]}: {message}");
    }
}
