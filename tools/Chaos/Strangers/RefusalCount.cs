namespace TrainingCluster.Chaos.Strangers;

/// <summary>What was refused, or has to be, by the process' own metrics.</summary>
public sealed record RefusalCount
{
    /// <summary>gRPC calls that ended with an error.</summary>
    public long Calls { get; set; }

    /// <summary>Connections that did not speak HTTP.</summary>
    public long Connections { get; set; }

    /// <summary>Connections to the actors that did not speak their protocol, broke off or stayed silent.</summary>
    public long Peers { get; set; }

    /// <summary>Streams of other generations.</summary>
    public long Streams { get; set; }

    /// <summary>Of all kinds.</summary>
    public long All => Calls + Connections + Peers + Streams;

    /// <summary>Reads Prometheus' text format.</summary>
    public static RefusalCount Of(string metrics) =>
        new()
        {
            Calls = Sum(metrics, "training_cluster_refused_total{kind=\"call\""),
            Connections = Sum(metrics, "training_cluster_refused_total{kind=\"connection\""),
            Peers = Sum(metrics, "training_cluster_refused_total{kind=\"peer\""),
            Streams = Sum(metrics, "training_cluster_stale_total{kind=\"stream\""),
        };

    /// <summary>What has come to the count of before.</summary>
    public RefusalCount Since(RefusalCount before) =>
        new()
        {
            Calls = Calls - before.Calls,
            Connections = Connections - before.Connections,
            Peers = Peers - before.Peers,
            Streams = Streams - before.Streams,
        };

    /// <summary>Whether this is no less than the other, kind by kind.</summary>
    public bool Covers(RefusalCount other) =>
        Calls >= other.Calls && Connections >= other.Connections && Peers >= other.Peers && Streams >= other.Streams;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Calls} calls, {Connections} connections, {Peers} to actors, {Streams} streams of other generations";

    private static long Sum(string metrics, string prefix) => MetricsText.Sum(metrics, prefix) ?? 0;
}
