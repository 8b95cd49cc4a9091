using Akka.Actor;
using Akka.Configuration;

namespace TrainingCluster.Compat.Akka.Tests.Node;

/// <summary>A cluster node that a test runs in a process of its own. It prints its address, obeys lines on standard input, and ends with its actor system.</summary>
public static class ClusterNode
{
    public const string SystemName = "tests";

    /// <summary>Printed when the node itself knows that it is up.</summary>
    public const string UpLine = "up";

    /// <summary>The role of nodes that down others by themselves.</summary>
    public const string Resolving = "resolving";

    /// <summary>The role of nodes that look for others before they would start a cluster.</summary>
    public const string Seed = "seed";

    /// <summary>Settings as an application would use them, a little faster.</summary>
    public static Config Settings(int port, string role, params string[] seeds) => ConfigurationFactory.ParseString($$"""
        akka {
          loglevel = {{Environment.GetEnvironmentVariable("NODE_LOGLEVEL") ?? "OFF"}}
          stdout-loglevel = OFF
          actor.provider = cluster
          remote {
            retry-gate-closed-for = 300 ms
            dot-netty.tcp { hostname = "127.0.0.1", port = {{port}} }
          }
          cluster {
            seed-nodes = [{{string.Join(", ", seeds.Select(s => $"\"{s}\""))}}]
            roles = ["{{role}}"]
            downing-provider-class = "{{(role == Resolving ? "Akka.Cluster.SBR.SplitBrainResolverProvider" : "Akka.Cluster.NoDowning")}}, Akka.Cluster"
            split-brain-resolver { active-strategy = keep-majority, stable-after = 1 s }
            seed-node-timeout = {{(role == Seed ? "60 s" : "2 s")}}
            retry-unsuccessful-join-after = 1 s
            periodic-tasks-initial-delay = 100 ms
            gossip-interval = 200 ms
            leader-actions-interval = 200 ms
            unreachable-nodes-reaper-interval = 200 ms
            failure-detector {
              heartbeat-interval = 300 ms
              acceptable-heartbeat-pause = {{(role == Resolving ? "5 s" : "1500 ms")}}
            }
          }
        }
        """);

    public static async Task<int> Run(string[] args)
    {
        var system = ActorSystem.Create(SystemName, Settings(int.Parse(args[0], null), args[1], args[2..]));
        system.ActorOf(Props.Create<EchoActor>(), "echo");
        Console.WriteLine(global::Akka.Cluster.Cluster.Get(system).SelfAddress);
        system.ActorOf(Props.Create<QuarantineActor>(), "quarantine");
        global::Akka.Cluster.Cluster.Get(system).RegisterOnMemberUp(() => Console.WriteLine(UpLine));
        _ = Task.Run(async () =>
        {
            // The test closes standard input when it ends, however it ends.
            while (await Console.In.ReadLineAsync() is { } line)
            {
                if (line != "leave") continue;
                await CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClrExitReason.Instance);
            }
            Environment.Exit(3);
        });
        await system.WhenTerminated;
        return 0;
    }
}
