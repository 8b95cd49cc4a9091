using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster;

/// <summary>The settings <c>akka.cluster</c>.</summary>
internal sealed class ClusterSettings
{
    internal ClusterSettings(Config config)
    {
        var cluster = config.GetConfig("akka.cluster");
        SeedNodes = [.. cluster.GetStringList("seed-nodes").Select(Address.Parse)];
        Roles = [.. cluster.GetStringList("roles")];
        SeedNodeTimeout = cluster.GetTimeSpan("seed-node-timeout");
        RetryUnsuccessfulJoinAfter = Optional(cluster, "retry-unsuccessful-join-after");
        ShutdownAfterUnsuccessfulJoin = Optional(cluster, "shutdown-after-unsuccessful-join-seed-nodes");
        PeriodicTasksInitialDelay = cluster.GetTimeSpan("periodic-tasks-initial-delay");
        GossipInterval = cluster.GetTimeSpan("gossip-interval");
        LeaderActionsInterval = cluster.GetTimeSpan("leader-actions-interval");
        UnreachableReaperInterval = cluster.GetTimeSpan("unreachable-nodes-reaper-interval");
        WeaklyUpAfter = cluster.GetString("allow-weakly-up-members") == "on" ? TimeSpan.FromSeconds(7) : Optional(cluster, "allow-weakly-up-members");
        MinNrOfMembers = cluster.GetInt("min-nr-of-members");
        RunCoordinatedShutdownWhenDown = cluster.GetBoolean("run-coordinated-shutdown-when-down");
        LogInfo = cluster.GetBoolean("log-info");
        FailureDetector = FailureDetectorSettings.From(cluster.GetConfig("failure-detector"));
        Downing = DowningSettings.From(cluster);
    }

    internal ImmutableList<Address> SeedNodes { get; }
    internal ImmutableHashSet<string> Roles { get; }
    internal TimeSpan SeedNodeTimeout { get; }
    internal TimeSpan? RetryUnsuccessfulJoinAfter { get; }
    internal TimeSpan? ShutdownAfterUnsuccessfulJoin { get; }
    internal TimeSpan PeriodicTasksInitialDelay { get; }
    internal TimeSpan GossipInterval { get; }
    internal TimeSpan LeaderActionsInterval { get; }
    internal TimeSpan UnreachableReaperInterval { get; }
    internal TimeSpan? WeaklyUpAfter { get; }
    internal int MinNrOfMembers { get; }
    internal bool RunCoordinatedShutdownWhenDown { get; }
    internal bool LogInfo { get; }
    internal FailureDetectorSettings FailureDetector { get; }

    /// <summary>Null where the application downs members itself.</summary>
    internal DowningSettings Downing { get; }

    private static TimeSpan? Optional(Config config, string path) =>
        config.GetString(path) is "off" or "false" ? null : config.GetTimeSpan(path);
}
