namespace Akka.Configuration;

/// <summary>The settings that this implementation reads, with their defaults.</summary>
internal static class Reference
{
    internal const string Hocon = """
        akka {
          loggers = ["Akka.Event.DefaultLogger, Akka"]
          loglevel = "INFO"
          stdout-loglevel = "WARNING"
          log-dead-letters = 10
          actor {
            provider = local
            ask-timeout = infinite
          }
          coordinated-shutdown {
            default-phase-timeout = 5 s
            terminate-actor-system = on
            exit-clr = off
            run-by-clr-shutdown-hook = on
            run-by-actor-system-terminate = on
          }
          remote {
            dot-netty.tcp {
              hostname = ""
              port = 2552
              public-hostname = ""
              public-port = 0
              maximum-frame-size = 128000b
              connection-timeout = 15 s
            }
            retry-gate-closed-for = 5 s
            watch-failure-detector {
              heartbeat-interval = 1 s
              threshold = 10.0
              max-sample-size = 200
              min-std-deviation = 100 ms
              acceptable-heartbeat-pause = 10 s
              expected-response-after = 1 s
            }
          }
          cluster {
            seed-nodes = []
            seed-node-timeout = 5s
            retry-unsuccessful-join-after = 10s
            shutdown-after-unsuccessful-join-seed-nodes = off
            downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
            roles = []
            min-nr-of-members = 1
            run-coordinated-shutdown-when-down = on
            log-info = on
            periodic-tasks-initial-delay = 1s
            gossip-interval = 1s
            leader-actions-interval = 1s
            unreachable-nodes-reaper-interval = 1s
            allow-weakly-up-members = 7s
            failure-detector {
              heartbeat-interval = 1 s
              threshold = 8.0
              max-sample-size = 1000
              min-std-deviation = 100 ms
              acceptable-heartbeat-pause = 3 s
              monitored-by-nr-of-members = 9
              expected-response-after = 1 s
            }
            split-brain-resolver {
              active-strategy = keep-majority
              stable-after = 20s
              down-all-when-unstable = on
              keep-majority.role = ""
              keep-oldest {
                down-if-alone = on
                role = ""
              }
              static-quorum {
                quorum-size = 0
                role = ""
              }
            }
          }
        }
        """;
}
