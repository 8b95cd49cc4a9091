using TrainingCluster.Security;
using TrainingCluster.Settings;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>Settings of the exchange between workers.</summary>
public sealed record CollectiveOptions
{
    /// <summary>
    /// How long a worker waits for a peer that sends nothing; all time limits of the exchange follow from it. Once a worker has
    /// measured how long a job's steps take, it suspects a peer that has been silent within a step for eight times as long, but not
    /// before a twenty-fifth of this, nor before four times the longest wait of late, nor, in the first three steps of a generation,
    /// before an eighth of this. Until then, and outside steps, the limit is <c>Timeout + 4·t</c>, where <c>t</c> is what this
    /// worker's own part took. A peer whose connection breaks is noticed at once, without any waiting.
    /// </summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long the end of a stream to a peer waits for that peer after the group has failed: one that is stopped or cut off must
    /// not keep the others from the next generation.
    /// </summary>
    [DurationRange("10 ms", "1 min")]
    public TimeSpan FailedLinkTimeout { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Up to so many members each exchanges gradients with every other, in two hops. A larger group exchanges along the tree in which
    /// gradients are added: a member sends about 2·log2 W messages a bucket instead of 2·(W − 1), in as many hops. The sums are the
    /// same. A generation does as its first member says.
    /// </summary>
    [NumberRange(1, 1_000_000)]
    public int HierarchicalAbove { get; init; } = 8;

    /// <summary>
    /// Payload of one gradient frame in bytes. Default 512 KiB; a multiple of 64, at most 16 MiB. All workers must agree.
    /// </summary>
    public int FrameBytes { get; init; } = 512 * 1024;

    /// <summary>HTTP/2 window of one stream in bytes, both ways. Default 2 MiB, 64 KiB to 16 MiB.</summary>
    public int StreamWindowBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Largest payload of a side frame in bytes. Default 1 MiB.</summary>
    public int MailboxBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// Whether gradients go to workers on the same machine through shared memory where that is possible. Default true. A worker that
    /// says false exchanges payloads over the network with everyone; the sums are the same.
    /// </summary>
    public bool SharedMemory { get; init; } = true;

    /// <summary>
    /// Whether payloads go to workers that do not read this one's memory over a TCP connection of their own, which is opened at the same
    /// port as gRPC, with the same TLS. Default true. Between workers of which one says false, and where the connection cannot be made,
    /// they go through gRPC; the sums are the same.
    /// </summary>
    public bool DataConnections { get; init; } = true;

    /// <summary>Who this worker is to its peers; null: streams are plain text.</summary>
    public ClusterIdentity? Identity { get; init; }

    /// <summary>Sharded optimizer: told of each phase of a step's commit before it, on the training thread.</summary>
    internal Action<CommitPhase, long>? Committing { get; init; }

    /// <summary>A frame's payload, counted in floats.</summary>
    internal int FrameFloats => FrameBytes / sizeof(float);

    /// <summary>
    /// What a member may take to load a dataset and the state before a generation begins. A member that dies meanwhile is noticed
    /// by its connection, so this may be long.
    /// </summary>
    internal TimeSpan ToGetReady => 5 * Timeout;

    /// <summary>What a connection to a peer may take, TLS included: time for the kernel to send a lost packet again, twice.</summary>
    internal TimeSpan ToConnect => Timeout / 4;

    /// <summary>How long to wait for others when this worker's own part took <paramref name="ownPart"/>.</summary>
    internal TimeSpan WaitAfter(TimeSpan ownPart) => Timeout + (4 * ownPart);

    /// <summary>Within a step no peer is suspected for a shorter silence.</summary>
    internal TimeSpan LeastSilence => Timeout / 25;

    /// <summary>The same in a generation's first steps, which may take longer than others.</summary>
    internal TimeSpan SilenceAtFirst => Timeout / 8;

    /// <summary>Throws if a setting is out of its range.</summary>
    internal CollectiveOptions Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Timeout, TimeSpan.FromMilliseconds(100), nameof(Timeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(HierarchicalAbove, 1, nameof(HierarchicalAbove));
        ArgumentOutOfRangeException.ThrowIfLessThan(FrameBytes, 64, nameof(FrameBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FrameBytes, 16 * 1024 * 1024, nameof(FrameBytes));
        ArgumentOutOfRangeException.ThrowIfNotEqual(FrameBytes % 64, 0, nameof(FrameBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(StreamWindowBytes, 64 * 1024, nameof(StreamWindowBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(StreamWindowBytes, 16 * 1024 * 1024, nameof(StreamWindowBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MailboxBytes, 1024, nameof(MailboxBytes));
        return this;
    }
}
