using Akka.Cluster.Hosting;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Remote.Hosting;
using Akka.Remote.Transport.DotNetty;
using Microsoft.Extensions.Hosting;
using TrainingCluster.Security;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Hosting;

/// <summary>The actor system's settings: one place for coordinator and workers, who must agree on most of them.</summary>
public static class ActorConfiguration
{
    /// <summary>Name of the actor system.</summary>
    public const string SystemName = "training-cluster";

    /// <summary>Role of the coordinator's node.</summary>
    public const string CoordinatorRole = "coordinator";

    /// <summary>Role of a worker's node.</summary>
    public const string WorkerRole = "worker";

    /// <summary>
    /// Largest message between nodes, in bytes, eight times the default: the plan of a generation names each member, and whatever does
    /// not fit would be dropped at the sender for ever.
    /// </summary>
    public const int MaxFrameBytes = 1024 * 1024;

    // What has no typed option. Nobody is downed by a node's own judgement: docs/decisions/0012-downing.md.
    private const string Settings = """
        akka {
          # What it says before its loggers are there, and after, is no line of our log.
          stdout-loglevel = OFF
          stdout-logger-class = "TrainingCluster.Logging.SilentLogger, TrainingCluster.Shared"
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          # Serialisers are replaced on purpose: see NodeSerialization.
          log-serializer-override-on-start = off
          coordinated-shutdown {
            # Signals are the programs' own, and a node that is made anew does not take leave of a cluster that may be gone.
            run-by-clr-shutdown-hook = off
            run-by-actor-system-terminate = off
            # Nobody may be there to answer: five seconds in all.
            phases.cluster-leave.timeout = 2 s
            phases.cluster-exiting.timeout = 3 s
            # The phase in which TlsShutdown holds up an end that nobody asked for.
            phases.before-service-unbind.timeout = 20 d
          }
          # Timers are of 100 ms and more; the default of 10 ms makes an idle program wake a hundred times a second.
          scheduler.tick-duration = 100 ms
          remote {
            retry-gate-closed-for = 250 ms
            # RefusedPeers and the coordinator's membership tell the same in one line.
            log-remote-lifecycle-events = off
            # Threads of its own, which end with it: what reads messages keeps a cache in its thread that refers to the whole actor
            # system, and a thread of the process' pool would keep every system that a worker ever made.
            default-remote-dispatcher {
              executor = fork-join-executor
              fork-join-executor { parallelism-min = 2, parallelism-max = 2 }
            }
            backoff-remote-dispatcher {
              executor = fork-join-executor
              fork-join-executor { parallelism-min = 1, parallelism-max = 1 }
            }
            dot-netty.tcp {
              connection-timeout = 3 s
              # Few and small messages, for whose answer a recovery waits: each goes out at once.
              batching.enabled = off
              # Messages are few and small; a thread each way is enough.
              server-socket-worker-pool { pool-size-min = 1, pool-size-max = 1 }
              client-socket-worker-pool { pool-size-min = 1, pool-size-max = 1 }
            }
          }
          cluster {
            downing-provider-class = "Akka.Cluster.NoDowning, Akka.Cluster"
            seed-node-timeout = 1 s
            retry-unsuccessful-join-after = 1 s
            periodic-tasks-initial-delay = 100 ms
            # An idle coordinator wakes for each of these: at 200 ms it cost a quarter more. A death is told by the broken
            # connection and waits for none of them; a worker that joins does, for half a second.
            gossip-interval = 500 ms
            leader-actions-interval = 500 ms
            unreachable-nodes-reaper-interval = 1 s
            allow-weakly-up-members = 500 ms
          }
        }
        """;

    /// <summary>The address of a node as the actor system writes it.</summary>
    /// <param name="hostPort">host:port.</param>
    /// <param name="tls">Whether nodes have identities.</param>
    public static string Address(string hostPort, bool tls) => $"akka.{(tls ? "ssl." : "")}tcp://{SystemName}@{hostPort}";

    /// <summary>Makes the actor system a node of the training cluster.</summary>
    /// <param name="builder">Of the actor system.</param>
    /// <param name="node">Where it listens, and as what.</param>
    /// <param name="refusals">Counts what is not let in.</param>
    /// <remarks>
    /// A process that is killed is found by its peers at once, through the connection that breaks; the failure detector is for those that
    /// hang or are cut off.
    /// </remarks>
    public static AkkaConfigurationBuilder WithNode(this AkkaConfigurationBuilder builder, NodeOptions node, Refusals refusals)
    {
        ArgumentNullException.ThrowIfNull(node);
        return builder
            .ConfigureLoggers(logging => logging.ClearLoggers().AddLogger<ActorLogger>().LogLevel = node.LogLevel)
            .WithRemoting(
                new RemoteOptions
                {
                    HostName = node.Address.Bind.ToString(),
                    PublicHostName = node.Address.Advertised,
                    Port = node.Port,
                    MaxFrameSize = MaxFrameBytes,
                    EnableSsl = node.Identity is not null,
                }
            )
            .WithIdentity(node)
            .WithClustering(
                new ClusterOptions
                {
                    Roles = [node.Role],
                    SeedNodes = node.SeedAddress is { } seed ? [seed] : null,
                    LogInfo = false,
                    FailureDetector = new PhiAccrualFailureDetectorOptions
                    {
                        HeartbeatInterval = node.Heartbeats.Interval,
                        AcceptableHeartbeatPause = node.Heartbeats.Pause,
                        MinStandardDeviation = TimeSpan.FromMilliseconds(100),
                    },
                }
            )
            .AddHocon(ConfigurationFactory.ParseString(Settings), HoconAddMode.Prepend)
            .AddSetup(NodeSerialization.Setup)
            .WithActors(
                (system, _, services) => TlsShutdown.HoldUp(system, services.GetService<IHostApplicationLifetime>().ApplicationStopping)
            )
            .WithActors((system, _) => system.ActorOf(Akka.Actor.Props.Create(() => new RefusedPeers(refusals)), RefusedPeers.Name));
    }

    /// <summary>
    /// Lets in, and connects to, nodes of this cluster alone. The node whose cluster this one joins must be a coordinator. The
    /// certificate is that of the node's start: who replaces it makes the node anew.
    /// </summary>
    private static AkkaConfigurationBuilder WithIdentity(this AkkaConfigurationBuilder builder, NodeOptions node) =>
        node.Identity is not { } identity
            ? builder
            : builder.AddSetup(
                new DotNettySslSetup(
                    identity.Certificate,
                    suppressValidation: false,
                    requireMutualAuthentication: true,
                    (certificate, chain, peer, _, _) =>
                        certificate is not null
                        && (
                            peer == node.SeedAddress
                                ? identity.Accepts(certificate, chain, peer, CertificateRole.Coordinator)
                                : identity.Accepts(certificate, chain, peer, CertificateRole.Coordinator, CertificateRole.Worker)
                        )
                )
            );
}
