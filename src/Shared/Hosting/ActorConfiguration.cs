using System.Net;

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

    /// <summary>The address of a node as the actor system writes it.</summary>
    public static string Address(string hostPort) => $"akka.tcp://{SystemName}@{hostPort}";

    /// <summary>The settings as HOCON.</summary>
    /// <param name="bind">The address to listen on.</param>
    /// <param name="advertised">The host that others reach this one by.</param>
    /// <param name="port">0: any.</param>
    /// <param name="role">One of the two roles.</param>
    /// <remarks>
    /// A process that is killed is found by its peers at once, through the stream that breaks; the failure detector is for
    /// those that hang or are cut off. Its pause is longer than what a busy machine takes to schedule a heartbeat. Nobody is
    /// downed by a node's own judgement: workers must outlive their coordinator.
    /// </remarks>
    public static string Hocon(IPAddress bind, string advertised, int port, string role) => $$"""
        akka {
          loglevel = WARNING
          stdout-loglevel = WARNING
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          actor.provider = cluster
          coordinated-shutdown {
            run-by-clr-shutdown-hook = off
            # A node that is made anew does not take leave of a cluster that may be gone.
            run-by-actor-system-terminate = off
            phases.cluster-exiting.timeout = 3 s
          }
          remote {
            retry-gate-closed-for = 250 ms
            dot-netty.tcp {
              hostname = "{{bind}}"
              public-hostname = "{{advertised}}"
              port = {{port}}
              connection-timeout = 3 s
            }
          }
          cluster {
            roles = ["{{role}}"]
            downing-provider-class = "Akka.Cluster.NoDowning, Akka.Cluster"
            seed-node-timeout = 1 s
            retry-unsuccessful-join-after = 1 s
            periodic-tasks-initial-delay = 100 ms
            gossip-interval = 200 ms
            leader-actions-interval = 200 ms
            unreachable-nodes-reaper-interval = 300 ms
            allow-weakly-up-members = 400 ms
            log-info = off
            failure-detector {
              heartbeat-interval = 500 ms
              acceptable-heartbeat-pause = 4 s
              min-std-deviation = 100 ms
            }
          }
        }
        """;
}
