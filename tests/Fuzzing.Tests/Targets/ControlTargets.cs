using System.Reflection;
using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Akka.Actor.Setup;
using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Hosting;
using TrainingCluster.Jobs;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>
/// What comes in at the actors' port: the serialiser's number, the message's name and its bytes; and details of gRPC errors.
/// </summary>
internal static class ControlTargets
{
    // A node of a cluster on a free port, as the programs' are, that nobody else joins.
    private static readonly Lazy<ActorSystem> s_system = new(() =>
        ActorSystem.Create(
            ActorConfiguration.SystemName,
            ActorSystemSetup.Create(
                BootstrapSetup
                    .Create()
                    .WithConfig(
                        """
                        akka {
                          loglevel = OFF
                          stdout-loglevel = OFF
                          log-serializer-override-on-start = off
                          actor.provider = cluster
                          remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
                          coordinated-shutdown.run-by-clr-shutdown-hook = off
                        }
                        """
                    ),
                NodeSerialization.Setup
            )
        )
    );

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "actor-message",
            PartDepth = 1,
            IsText = true,
            Read = Deserialize,
            IsRefusal = error => error is SerializationException,
            Seeds = Messages,
            Words =
            [
                "W",
                "HB",
                "HBR",
                "GE",
                "GS",
                "IJ",
                "ID",
                "AID",
                "RWHB",
                "RWHR",
                "akka.tcp://training-cluster@127.0.0.1:7071/user/x#1",
                "Akka.Dispatch.SysMsg.Watch, Akka",
            ],
            AllocatedPerByte = 512,
        },
        new()
        {
            Name = "start-generation",
            Read = input => ProcessGroup.From(StartGeneration.Parser.ParseFrom(input), "worker-1", 4),
            IsRefusal = error => error is ArgumentException or InvalidProtocolBufferException,
            Seeds = () => [Plan().ToByteArray()],
            AllocatedPerByte = 256,
        },
        new()
        {
            Name = "rpc-details",
            Read = input =>
                RpcErrorDetails.Lines(
                    new RpcException(
                        new Grpc.Core.Status(StatusCode.InvalidArgument, "wrong"),
                        new Metadata { { "grpc-status-details-bin", input } }
                    )
                ),
            Seeds = () =>
                [
                    RpcErrors
                        .InvalidSpec([new SpecViolation("seed", "x", "is wrong", "mend it")])
                        .Trailers.GetValueBytes("grpc-status-details-bin")!,
                    RpcErrors.NotFound("job", "x", "list them").Trailers.GetValueBytes("grpc-status-details-bin")!,
                ],
            AllocatedPerByte = 256,
        },
    ];

    public static StartGeneration Plan() =>
        new()
        {
            JobId = "job-1",
            Generation = 3,
            BaseStep = 12,
            Reason = "started",
            GroupToken = "secret",
            Members =
            {
                Enumerable
                    .Range(0, 2)
                    .Select(rank => new GenerationMember
                    {
                        WorkerId = $"worker-{rank}",
                        Incarnation = "i",
                        Rank = rank,
                        CollectiveAddress = $"http://127.0.0.1:{7072 + rank}",
                        FirstShard = 2 * rank,
                        ShardCount = 2,
                    }),
            },
        };

    private static void Deserialize(byte[] input)
    {
        var parts = Parts.Split(input);
        var number = BitConverter.ToInt32([.. parts.At(0), 0, 0, 0, 0]);
        s_system.Value.Serialization.Deserialize(parts.At(2), number, Encoding.UTF8.GetString(parts.At(1)));
    }

    private static IEnumerable<byte[]> Messages()
    {
        var system = (ExtendedActorSystem)s_system.Value;
        var self = system.SystemActorOf(Props.Empty, "self");
        var address = new Address("akka.tcp", ActorConfiguration.SystemName, "127.0.0.1", 7071);
        object[] messages =
        [
            new RegisterWorker
            {
                WorkerId = "worker-0",
                Incarnation = "i",
                Running = new RunningJob
                {
                    JobId = "job-1",
                    Spec = new JobSpec { Name = "x" },
                },
                Arithmetic = new Arithmetic { Fingerprint = "f" },
            },
            Plan(),
            new WorkerReport
            {
                Step = new StepReport { Step = 5, NonFiniteShards = { 1, 2 } },
            },
            new ReportsReceived(),
            new Identify(new DrainWorker { WorkerId = "w" }),
            new ActorIdentity(new DrainWorker { WorkerId = "w" }, self),
            new Akka.Dispatch.SysMsg.Watch((Akka.Actor.IInternalActorRef)self, (Akka.Actor.IInternalActorRef)self),
            new Akka.Dispatch.SysMsg.DeathWatchNotification(self, true, false),
            OfCluster("ClusterUserAction+Leave", address),
            OfCluster("InternalClusterAction+ExitingConfirmed", new Akka.Cluster.UniqueAddress(address, 7)),
            new ActorSelectionMessage(new DrainWorker { WorkerId = "w" }, [new SelectChildName("user"), new SelectChildPattern("*")]),
        ];
        foreach (var message in messages)
        {
            var serializer = system.Serialization.FindSerializerFor(message);
            yield return Parts.Join(
                BitConverter.GetBytes(serializer.Identifier),
                Encoding.UTF8.GetBytes(Akka.Serialization.Serialization.ManifestFor(serializer, message)),
                serializer.ToBinary(message)
            );
        }
    }

    /// <summary>A message of the cluster's own, whose types are not public.</summary>
    private static object OfCluster(string type, params object[] arguments) =>
        Activator.CreateInstance(
            typeof(Akka.Cluster.Cluster).Assembly.GetType($"Akka.Cluster.{type}", throwOnError: true)!,
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic,
            binder: null,
            arguments,
            culture: null
        )!;
}
