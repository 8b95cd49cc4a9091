using Google.Protobuf;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// Which way gradients take from this member to each other one of a generation: those who read them in its memory, those who get
/// them over a data connection, and the rest. Agreed on once, before anything else: each offers its buffers, and answers whose it
/// could map.
/// </summary>
internal sealed class SharedPaths
{
    private const int ProblemCharacters = 200;

    private readonly ProcessGroup _plan;
    private readonly SharedBuffers? _own;
    private readonly PeerMemory?[] _memory;
    private readonly long[] _uses;
    private readonly string[] _unread;
    private readonly string[] _notPut;
    private readonly bool[] _takesData;
    private readonly string[] _noData;

    private SharedPaths(ProcessGroup plan, SharedBuffers? own)
    {
        (_plan, _own) = (plan, own);
        var workers = plan.Workers;
        _memory = new PeerMemory?[workers];
        _uses = new long[workers];
        _unread = [.. Enumerable.Repeat("nothing is agreed on yet", workers)];
        _notPut = [.. Enumerable.Repeat("", workers)];
        _takesData = new bool[workers];
        _noData = [.. Enumerable.Repeat("none was opened", workers)];
    }

    /// <summary>Peers by the way that this worker's gradients take to them.</summary>
    public PeerCounts Counts
    {
        get
        {
            var shared = _plan.Peers.Count(IsReadBy);
            var tcp = _plan.Peers.Count(rank => _noData[rank].Length == 0);
            return new(shared, tcp, _plan.Workers - 1 - shared - tcp);
        }
    }

    /// <summary>Above so many members the group exchanges along the tree: rank 0's word, so that all do the same.</summary>
    public int HierarchicalAbove { get; private init; } = int.MaxValue;

    /// <summary>Before anything is agreed on: payloads go through gRPC.</summary>
    public static SharedPaths None(ProcessGroup plan) => new(plan, own: null);

    /// <summary>1. offers this worker's buffers; 2. maps what the others offer; 3. hears who reads this worker's.</summary>
    /// <param name="group">All members call this with it.</param>
    /// <param name="own">This worker's buffers; null: it offers none, and maps none.</param>
    /// <param name="inbox">Where peers may put what they tell this worker; null: it offers none.</param>
    /// <param name="floats">Length of the gradient.</param>
    /// <returns>What is agreed on.</returns>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public static SharedPaths Agree(CollectiveGroup group, SharedBuffers? own, SharedInbox? inbox, int floats)
    {
        // 1.
        var offer = own?.BeginUse() ?? new SharedMemoryOffer();
        offer.HierarchicalAbove = group.Options.HierarchicalAbove;
        offer.Inbox = inbox?.Offer;
        offer.DataConnections = group.Options.DataConnections;
        var offers = AllGather(MailboxTopic.MemoryOffer, offer);
        var paths = new SharedPaths(group.Plan, own) { HierarchicalAbove = offers[0].HierarchicalAbove };
        // 2.
        paths.OpenInboxes(group, offers);
        var answers = AllGather(
            MailboxTopic.MemoryAnswer,
            new SharedMemoryAnswer { Problems = { paths.Map(offers, group.Plan.OwnRank, floats) } }
        );
        // 3.
        for (var rank = 0; rank < answers.Length; rank++)
        {
            paths._takesData[rank] = group.Options.DataConnections && offers[rank].DataConnections;
            paths._unread[rank] = rank == group.Plan.OwnRank ? "it is this worker" : ProblemOf(answers[rank], group.Plan);
        }
        return paths;

        T[] AllGather<T>(MailboxTopic topic, T message)
            where T : IMessage<T>, new() => group.Mailbox.AllGather(group.Plan.BaseStep, topic, message, group.Options.ToGetReady);
    }

    /// <summary>Opens data connections to those who take one, and do not read this worker's memory.</summary>
    /// <param name="links">The streams beside them.</param>
    /// <param name="receivers">The ranks to which this worker sends gradients.</param>
    public void OpenData(GroupLinks links, IEnumerable<int> receivers)
    {
        int[] ranks = [.. receivers.Where(rank => _takesData[rank] && !IsReadBy(rank))];
        if (ranks.Length == 0)
        {
            return;
        }
        var problems = links.OpenDataAsync(ranks).GetAwaiter().GetResult();
        foreach (var rank in ranks)
        {
            _noData[rank] = problems.GetValueOrDefault(rank, "");
        }
    }

    /// <summary>Whether a peer reads this worker's memory.</summary>
    public bool IsReadBy(int rank) => _unread[rank].Length == 0;

    /// <summary>The number of one of this worker's buffers, from 1; 0: it is not shared.</summary>
    public int NumberOf(Memory<float> buffer) => _own?.NumberOf(buffer) ?? 0;

    /// <summary>A peer's buffer; null: it has none with this number, or its memory is not mapped here.</summary>
    public MappedMemory? Buffer(int rank, int number) => _memory[rank]?.Buffer(number);

    /// <summary>Whether what has been read of a peer's memory until now is what it sent.</summary>
    public bool StillHolds(int rank) => _memory[rank] is not { } memory || memory.Use == _uses[rank];

    /// <summary>The peers by the way that gradients take to them, for people.</summary>
    public override string ToString()
    {
        var peers = Enumerable
            .Range(0, _plan.Workers)
            .Where(rank => rank != _plan.OwnRank)
            .ToLookup(
                rank =>
                    IsReadBy(rank) ? "through shared memory"
                    : _noData[rank].Length == 0 ? "over TCP"
                    : "through gRPC",
                rank =>
                    _plan.Members[rank].WorkerId
                    + (IsReadBy(rank) ? "" : $" ({_unread[rank]})")
                    + (IsReadBy(rank) || _noData[rank].Length == 0 ? "" : $" (data connection: {_noData[rank]})")
                    + (_notPut[rank].Length == 0 ? "" : $" (not into its inbox: {_notPut[rank]})")
            );
        return string.Join("; ", peers.Select(way => $"{way.Key} to {string.Join(", ", way)}"));
    }

    private void OpenInboxes(CollectiveGroup group, SharedMemoryOffer[] offers)
    {
        foreach (var rank in _own is null ? [] : group.Plan.Peers)
        {
            try
            {
                if (PeerInbox.Open(offers[rank], offers.Length, group.Plan.OwnRank) is { } inbox)
                {
                    group.Links.Use(rank, inbox);
                }
            }
            catch (IOException e)
            {
                _notPut[rank] = e.Message;
            }
        }
    }

    private List<string> Map(SharedMemoryOffer[] offers, int ownRank, int floats)
    {
        var problems = Enumerable
            .Range(0, offers.Length)
            .Select(rank => rank == ownRank ? "" : ProblemWith(rank, offers[rank], floats))
            .ToList();
        _own?.Keep([.. _memory.OfType<PeerMemory>()]);
        return problems;
    }

    private string ProblemWith(int rank, SharedMemoryOffer offer, int floats)
    {
        if (_own is null || offer.Buffers.Count == 0)
        {
            return $"{(offer.Buffers.Count == 0 ? "the sender" : "the receiver")} shares no memory";
        }
        try
        {
            _memory[rank] = _own.Reach(offer, floats);
            _uses[rank] = offer.Use;
            return "";
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private static string ProblemOf(SharedMemoryAnswer answer, ProcessGroup plan)
    {
        if (answer.Problems.Count != plan.Workers)
        {
            return "its answer is not about this group";
        }
        var problem = answer.Problems[plan.OwnRank];
        return problem[..Math.Min(problem.Length, ProblemCharacters)];
    }
}
