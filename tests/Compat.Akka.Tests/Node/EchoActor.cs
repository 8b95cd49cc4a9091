using Akka.Actor;
using Google.Protobuf.WellKnownTypes;
using Status = Akka.Actor.Status;

namespace TrainingCluster.Compat.Akka.Tests.Node;

/// <summary>Answers what it gets, or does what a text says.</summary>
public sealed class EchoActor : ReceiveActor
{
    public EchoActor()
    {
        Receive<StringValue>(s => s.Value == "silence", _ => { });
        Receive<StringValue>(s => s.Value == "fail", _ => Sender.Tell(new Status.Failure(new InvalidOperationException("as you wish"))));
        Receive<StringValue>(s => s.Value == "child", s => Sender.Tell(s, Context.ActorOf(Props.Create<EchoActor>())));
        ReceiveAny(m => Sender.Tell(m));
    }
}
