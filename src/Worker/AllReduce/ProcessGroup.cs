using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>One worker of a generation as its peers see it.</summary>
/// <param name="WorkerId">Its name, for messages.</param>
/// <param name="Address">Where its service Collective listens: <c>http://host:port</c>.</param>
/// <param name="Shards">The logical shards that it computes, ascending.</param>
public sealed record GroupMember(string WorkerId, Uri Address, IReadOnlyList<int> Shards);

/// <summary>Who takes part in one generation of a job, and with which shards. Ranks are positions in <see cref="Members"/>.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Generation">The generation, which rises with each change of membership.</param>
/// <param name="BaseStep">The step whose state all members hold when they begin.</param>
/// <param name="LogicalShards">V, a power of two.</param>
/// <param name="Members">All members by rank.</param>
/// <param name="OwnRank">Which of them this worker is.</param>
/// <param name="Token">The members' secret.</param>
public sealed record ProcessGroup(
    string JobId,
    long Generation,
    long BaseStep,
    int LogicalShards,
    IReadOnlyList<GroupMember> Members,
    int OwnRank,
    string Token
)
{
    private readonly IReadOnlyList<int>? _sharers;

    /// <summary>Sharded optimizer: the ranks that hold the shares of its state, by share; all, unless the plan says otherwise.</summary>
    internal IReadOnlyList<int> Sharers
    {
        get => _sharers ?? [.. Enumerable.Range(0, Workers)];
        init => _sharers = value.Count > 0 ? value : null;
    }

    /// <summary>This worker.</summary>
    public GroupMember Own => Members[OwnRank];

    /// <summary>W.</summary>
    public int Workers => Members.Count;

    /// <summary>All ranks but this worker's.</summary>
    internal IEnumerable<int> Peers => Enumerable.Range(0, Workers).Where(rank => rank != OwnRank);

    /// <summary>Reads the coordinator's message.</summary>
    /// <param name="message">The generation to start.</param>
    /// <param name="workerId">This worker.</param>
    /// <param name="logicalShards">V.</param>
    /// <exception cref="ArgumentException">The members do not hold each shard exactly once, one has no address, or this worker is not among
    /// them.</exception>
    public static ProcessGroup From(StartGeneration message, string workerId, int logicalShards)
    {
        ArgumentNullException.ThrowIfNull(message);
        var members = message.Members.OrderBy(member => member.Rank).ToList();
        for (var rank = 0; rank < members.Count; rank++)
        {
            if (members[rank].Rank != rank)
            {
                throw new ArgumentException($"Ranks must be 0..{members.Count - 1}, each once.", nameof(message));
            }
            if (members[rank].ShardCount < 1)
            {
                throw new ArgumentException($"{members[rank].WorkerId} holds no shard.", nameof(message));
            }
            if (members[rank].FirstShard < 0 || members[rank].ShardCount > logicalShards - members[rank].FirstShard)
            {
                throw new ArgumentException($"{members[rank].WorkerId} holds shards that the job does not have.", nameof(message));
            }
            if (!Uri.TryCreate(members[rank].CollectiveAddress, UriKind.Absolute, out _))
            {
                throw new ArgumentException(
                    $"{members[rank].WorkerId} has the address '{members[rank].CollectiveAddress}', which is none.",
                    nameof(message)
                );
            }
        }

        var own = members.FindIndex(member => member.WorkerId == workerId);
        if (own < 0)
        {
            throw new ArgumentException($"{workerId} is not a member of generation {message.Generation}.", nameof(message));
        }
        var plan = new ProcessGroup(
            message.JobId,
            message.Generation,
            message.BaseStep,
            logicalShards,
            [
                .. members.Select(member => new GroupMember(
                    member.WorkerId,
                    new Uri(member.CollectiveAddress),
                    [.. Enumerable.Range(member.FirstShard, member.ShardCount)]
                )),
            ],
            own,
            message.GroupToken
        )
        {
            Sharers = [.. members.Where(member => member.Share > 0).OrderBy(member => member.Share).Select(member => member.Rank)],
        };
        var shards = plan.Members.SelectMany(member => member.Shards).Order().ToList();
        if (!shards.SequenceEqual(Enumerable.Range(0, logicalShards)))
        {
            throw new ArgumentException($"The members must hold each of the shards 0..{logicalShards - 1} exactly once.", nameof(message));
        }
        return plan;
    }

    /// <summary>The subtree sums that a member contributes.</summary>
    internal IReadOnlyList<Subtree> CoverOf(int rank) => ReductionTree.Cover(Members[rank].Shards, LogicalShards);
}
