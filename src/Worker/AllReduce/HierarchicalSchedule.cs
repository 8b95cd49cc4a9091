namespace TrainingCluster.Worker.AllReduce;

/// <summary>Consecutive pieces of a bucket that one member sends to another.</summary>
/// <param name="Node">Reduce: the subtree whose sum is sent. Gather: the node at which the sum over all shards goes down.</param>
/// <param name="Sender">A rank.</param>
/// <param name="Receiver">Another rank.</param>
/// <param name="FirstPiece">The first of them.</param>
/// <param name="Pieces">How many.</param>
/// <param name="Home">Reduce: the sender's own subtree in whose buffer the sum was formed. Gather: of no meaning.</param>
/// <param name="Hops">How many transfers, at most, must have come before this one can be sent.</param>
internal readonly record struct PieceTransfer(Subtree Node, int Sender, int Receiver, int FirstPiece, int Pieces, Subtree Home, int Hops);

/// <summary>
/// Who sends which part of a bucket to whom when it is halved from node to node up the <see cref="ReductionTree"/> and doubled on its
/// way down: recursive halving and doubling along the tree in which the shards are added, so that the bits are those of the tree.
/// A pure function of who holds which shards; the same on every member.
/// </summary>
/// <remarks>
/// The leaves are the subtrees that members hold. At a leaf its member owns the whole bucket; at an inner node each range that the
/// left child's owner has in common with the right child's is halved between the two, and each sends the other's half of its sum.
/// A member owns as much of the root as it holds shards. See Thakur, Rabenseifner and Gropp, "Optimization of Collective
/// Communication Operations in MPICH", 2005, for the scheme on hypercubes.
/// </remarks>
internal sealed class HierarchicalSchedule
{
    private readonly Dictionary<Subtree, int[]> _owners;
    private readonly long[] _boundaries;
    private readonly Subtree _root;

    private HierarchicalSchedule(Subtree root, Dictionary<Subtree, int[]> owners, long[] boundaries)
    {
        (_root, _owners, _boundaries) = (root, owners, boundaries);
        Reduces = [.. Coalesced(_owners.Keys.Where(IsInner).OrderBy(node => node.Level).ThenBy(node => node.Index).SelectMany(ReducesAt))];
        Gathers = [.. Coalesced(AllGathers())];
    }

    /// <summary>The number of pieces of a bucket.</summary>
    public int Pieces => _boundaries.Length - 1;

    /// <summary>Partial sums on their way up, children before their parents.</summary>
    public IReadOnlyList<PieceTransfer> Reduces { get; }

    /// <summary>Sums over all shards on their way down, parents before their children. No member gets a piece twice.</summary>
    public IReadOnlyList<PieceTransfer> Gathers { get; }

    /// <summary>Makes the schedule.</summary>
    /// <param name="covers">The largest subtrees that each rank holds; together all shards.</param>
    /// <param name="shards">V, a power of two.</param>
    public static HierarchicalSchedule Create(IReadOnlyList<IReadOnlyList<Subtree>> covers, int shards)
    {
        var root = ReductionTree.Root(shards);
        var holders = covers
            .SelectMany((cover, rank) => cover.Select(node => (node, rank)))
            .ToDictionary(leaf => leaf.node, leaf => leaf.rank);
        // In units of which each inner node halves what it gets at most once.
        var parts = new Dictionary<Subtree, List<Part>>();
        Cut(root, holders, 1L << root.Level, parts);
        long[] boundaries = [.. parts.Values.SelectMany(part => part).SelectMany(part => new[] { part.From, part.To }).Distinct().Order()];
        return new HierarchicalSchedule(root, parts.ToDictionary(node => node.Key, node => ByPiece(node.Value, boundaries)), boundaries);
    }

    /// <summary>The schedule of a generation.</summary>
    public static HierarchicalSchedule Create(ProcessGroup plan) =>
        Create([.. Enumerable.Range(0, plan.Workers).Select(plan.CoverOf)], plan.LogicalShards);

    /// <summary>Who has the sum of a node for a piece.</summary>
    public int OwnerOf(Subtree node, int piece) => _owners[node][piece];

    /// <summary>The highest node up to which the holder of a leaf adds a piece: it sends that sum on, unless it is the root's.</summary>
    public Subtree ExitOf(Subtree leaf, int piece)
    {
        var node = leaf;
        while (node != _root && OwnerOf(node.Parent, piece) == OwnerOf(leaf, piece))
        {
            node = node.Parent;
        }
        return node;
    }

    /// <summary>Where a piece lies. Pieces begin at cache lines of the bucket; those of a small bucket may be empty.</summary>
    public FlatRange RangeOf(FlatRange bucket, int piece)
    {
        var from = Boundary(bucket.Length, piece);
        return new FlatRange(bucket.Offset + from, Boundary(bucket.Length, piece + 1) - from);
    }

    private static Subtree Left(Subtree node) => new(node.Level - 1, 2 * node.Index);

    private static List<Part> Cut(Subtree node, Dictionary<Subtree, int> holders, long all, Dictionary<Subtree, List<Part>> parts)
    {
        var own = new List<Part>();
        if (holders.TryGetValue(node, out var holder))
        {
            own.Add(new Part(0, all, holder));
        }
        else
        {
            foreach (var (from, to, a, b) in InCommon(Cut(Left(node), holders, all, parts), Cut(Left(node).Sibling, holders, all, parts)))
            {
                var middle = a == b ? to : (from + to) / 2;
                Join(own, new Part(from, middle, a));
                Join(own, new Part(middle, to, b));
            }
        }
        return parts[node] = own;
    }

    private static void Join(List<Part> parts, Part next)
    {
        if (next.From == next.To)
        {
            return;
        }
        if (parts.Count > 0 && parts[^1].Owner == next.Owner)
        {
            parts[^1] = parts[^1] with { To = next.To };
            return;
        }
        parts.Add(next);
    }

    /// <summary>The ranges with one owner on either side.</summary>
    private static List<(long From, long To, int Left, int Right)> InCommon(List<Part> left, List<Part> right)
    {
        var common = new List<(long From, long To, int Left, int Right)>();
        for (int i = 0, j = 0; i < left.Count && j < right.Count; )
        {
            var to = Math.Min(left[i].To, right[j].To);
            common.Add((Math.Max(left[i].From, right[j].From), to, left[i].Owner, right[j].Owner));
            (i, j) = (i + (left[i].To == to ? 1 : 0), j + (right[j].To == to ? 1 : 0));
        }
        return common;
    }

    private static int[] ByPiece(List<Part> parts, long[] boundaries)
    {
        var owners = new int[boundaries.Length - 1];
        var part = 0;
        for (var piece = 0; piece < owners.Length; piece++)
        {
            part += boundaries[piece] == parts[part].To ? 1 : 0;
            owners[piece] = parts[part].Owner;
        }
        return owners;
    }

    /// <summary>Joins transfers of neighbouring pieces that differ in nothing else.</summary>
    private static IEnumerable<PieceTransfer> Coalesced(IEnumerable<PieceTransfer> single)
    {
        PieceTransfer? open = null;
        foreach (var next in single)
        {
            if (
                open is { } run
                && run with { Pieces = 1, FirstPiece = next.FirstPiece } == next
                && run.FirstPiece + run.Pieces == next.FirstPiece
            )
            {
                open = run with { Pieces = run.Pieces + 1 };
                continue;
            }
            if (open is { } done)
            {
                yield return done;
            }
            open = next;
        }
        if (open is { } last)
        {
            yield return last;
        }
    }

    private bool IsInner(Subtree node) => node.Level > 0 && _owners.ContainsKey(Left(node));

    private int Height(Subtree node) => IsInner(node) ? 1 + Math.Max(Height(Left(node)), Height(Left(node).Sibling)) : 0;

    private IEnumerable<PieceTransfer> ReducesAt(Subtree node)
    {
        var (leftHeight, rightHeight) = (Height(Left(node)), Height(Left(node).Sibling));
        for (var piece = 0; piece < Pieces; piece++)
        {
            var (left, right, owner) = At(node, piece);
            if (left != right)
            {
                var (sent, sender, height) = owner == left ? (Left(node).Sibling, right, rightHeight) : (Left(node), left, leftHeight);
                yield return new PieceTransfer(sent, sender, owner, piece, 1, HomeOf(sent, piece), height);
            }
        }
    }

    /// <summary>The leftmost of the leaves whose sums come together at this node without having left their member.</summary>
    private Subtree HomeOf(Subtree exit, int piece)
    {
        var node = exit;
        while (IsInner(node))
        {
            node = OwnerOf(Left(node), piece) == OwnerOf(exit, piece) ? Left(node) : Left(node).Sibling;
        }
        return node;
    }

    private List<PieceTransfer> AllGathers()
    {
        var transfers = new List<PieceTransfer>();
        var members = _owners.Values.SelectMany(owners => owners).Max() + 1;
        var has = new bool[members, Pieces];
        for (var piece = 0; piece < Pieces; piece++)
        {
            has[OwnerOf(_root, piece), piece] = true;
        }
        var height = Height(_root);
        foreach (var node in _owners.Keys.Where(IsInner).OrderByDescending(node => node.Level).ThenBy(node => node.Index))
        {
            for (var piece = 0; piece < Pieces; piece++)
            {
                var (left, right, owner) = At(node, piece);
                var other = owner == left ? right : left;
                if (!has[other, piece])
                {
                    has[other, piece] = true;
                    transfers.Add(new PieceTransfer(node, owner, other, piece, 1, default, height + _root.Level - node.Level));
                }
            }
        }
        return transfers;
    }

    private (int Left, int Right, int Owner) At(Subtree node, int piece) =>
        (OwnerOf(Left(node), piece), OwnerOf(Left(node).Sibling, piece), OwnerOf(node, piece));

    private int Boundary(int length, int piece) =>
        piece == Pieces ? length : (int)(length * _boundaries[piece] / _boundaries[^1]) / BucketLayout.Alignment * BucketLayout.Alignment;

    /// <summary>A range of each bucket, in parts of the whole, whose sum one member has.</summary>
    private readonly record struct Part(long From, long To, int Owner);
}
