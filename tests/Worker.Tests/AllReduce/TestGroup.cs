using System.Numerics.Tensors;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.Training;

namespace TrainingCluster.Worker.Tests.AllReduce;

/// <summary>W members in one process with real connections, and made-up gradients.</summary>
internal sealed class TestGroup : IAsyncDisposable
{
    /// <summary>
    /// No peer is silent for so long, nor for the twenty-fifth of it once steps are measured, even on a machine that does much else.
    /// </summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly List<TestMember> _members = [];
    private readonly Dictionary<int, (SharedBuffers Shared, Memory<float>[] Buffers)> _kept = [];
    private readonly List<SharedBuffers> _shared = [];

    private TestGroup(int shards, BucketLayout layout, CollectiveOptions options) => (Shards, Layout, Options) = (shards, layout, options);

    public int Shards { get; }

    public BucketLayout Layout { get; }

    public CollectiveOptions Options { get; }

    public IReadOnlyList<TestMember> Members => _members;

    public List<CollectiveGroup> Groups { get; } = [];

    public List<Memory<float>[]> Buffers { get; } = [];

    public SharedBuffers SharedOf(int rank) => Groups[rank].Shared!;

    public List<ShardAccumulation> Plans { get; } = [];

    /// <summary>Options of small frames with which a group of any size exchanges along the tree, or directly.</summary>
    public static CollectiveOptions Exchanging(bool hierarchical) =>
        new()
        {
            FrameBytes = 1024,
            Timeout = Timeout,
            HierarchicalAbove = hierarchical ? 1 : 1000,
        };

    public static async Task<TestGroup> StartAsync(
        int[][] assignment,
        int floats = 5000,
        CollectiveOptions? options = null,
        long generation = 1,
        Func<int, CollectiveOptions, CollectiveOptions>? of = null,
        int largestBucket = 1024
    )
    {
        options ??= Exchanging(hierarchical: false);
        var group = new TestGroup(
            assignment.Sum(a => a.Length),
            BucketLayout.Create([floats / 3, floats - (floats / 3)], 512, largestBucket),
            options
        );
        foreach (var _ in assignment)
        {
            group._members.Add(await TestMember.StartAsync(options));
        }
        for (var rank = 0; rank < assignment.Length; rank++)
        {
            group.Add(assignment, rank, generation, of?.Invoke(rank, options) ?? options);
        }
        return group;
    }

    /// <summary>One more group of a member; with buffers of its own, or those of the member's last group, which is over.</summary>
    public void Add(int[][] assignment, int rank, long generation, CollectiveOptions options, bool keepBuffers = false)
    {
        var members = assignment.Select((held, r) => new GroupMember($"worker-{r}", _members[r].Address, held)).ToList();
        var plan = ShardAccumulation.Create(assignment[rank], Shards);
        if (!keepBuffers)
        {
            var made = SharedBuffers.TryCreate(NullLogger.Instance)!;
            _shared.Add(made);
            _kept[rank] = (made, [.. Enumerable.Range(0, plan.BufferCount).Select(_ => made.NewBuffer(Layout.Length))]);
        }

        var (shared, buffers) = _kept[rank];
        var collective = new CollectiveGroup(
            new ProcessGroup("job", generation, 0, Shards, members, rank, TestCluster.GroupSecret),
            Layout,
            buffers[plan.Stages[^1].Buffer],
            options,
            TimeProvider.System,
            NullLogger.Instance
        )
        {
            Shared = shared,
        };
        _members[rank].Host.Open(collective);
        Groups.Add(collective);
        Plans.Add(plan);
        Buffers.Add(buffers);
    }

    /// <summary>Forgets all groups, which are over.</summary>
    public void Clear()
    {
        Groups.Clear();
        Plans.Clear();
        Buffers.Clear();
    }

    public float[] Gradient(int shard, long step)
    {
        var random = new Random(HashCode.Combine(shard, (int)step));
        return [.. Enumerable.Range(0, Layout.Length).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-5, 5))))];
    }

    public float[] Expected(long step)
    {
        return Sum(ReductionTree.Root(Shards));

        float[] Sum(Subtree node)
        {
            if (node.Level == 0)
            {
                return Gradient(node.Index, step);
            }
            var left = Sum(new Subtree(node.Level - 1, 2 * node.Index));
            TensorPrimitives.Add(left, Sum(new Subtree(node.Level - 1, (2 * node.Index) + 1)), left);
            return left;
        }
    }

    /// <summary>Runs each member on a thread of its own, as training does.</summary>
    public Task<T[]> OnAllAsync<T>(Func<int, T> member) =>
        Task.WhenAll(
            Enumerable
                .Range(0, Groups.Count)
                .Select(rank =>
                    Task.Factory.StartNew(
                        () => member(rank),
                        CancellationToken.None,
                        TaskCreationOptions.LongRunning,
                        TaskScheduler.Default
                    )
                )
        );

    public async Task ConnectAsync()
    {
        Assert.All(await OnAllAsync(rank => FailureOf(() => Groups[rank].Connect(new MemberState()))), Assert.Null);
    }

    /// <summary>Null, or why a collective operation failed.</summary>
    public static CollectiveFailure? FailureOf(Action operation)
    {
        try
        {
            operation();
            return null;
        }
        catch (CollectiveException e)
        {
            return e.Failure;
        }
    }

    /// <summary>One member's part of a step: computes shards, submits, and waits for the sum. Null, or why that failed.</summary>
    public CollectiveFailure? Step(int rank, long step, Action<int>? beforeShard = null)
    {
        var exchange = Groups[rank].AllReduce.Begin(step);
        Compute(rank, step, exchange, beforeShard);
        return FailureOf(() => exchange.Complete(TimeSpan.Zero));
    }

    /// <summary>A step of one member alone, on a thread of its own.</summary>
    public Task<CollectiveFailure?> StepAsync(int rank, long step = 1) =>
        Task.Factory.StartNew(() => Step(rank, step), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Compute(int rank, long step, IStepExchange exchange, Action<int>? beforeShard = null)
    {
        var buffers = Buffers[rank];
        foreach (var stage in Plans[rank].Stages)
        {
            beforeShard?.Invoke(stage.Shard);
            var buffer = buffers[stage.Buffer];
            if (stage.ClearFirst)
            {
                buffer.Span.Clear();
            }
            TensorPrimitives.Add(buffer.Span, Gradient(stage.Shard, step), buffer.Span);
            foreach (var bucket in Layout.Buckets)
            {
                foreach (var merged in stage.Merge)
                {
                    var part = buffer.Span.Slice(bucket.Range.Offset, bucket.Range.Length);
                    TensorPrimitives.Add(part, buffers[merged].Span.Slice(bucket.Range.Offset, bucket.Range.Length), part);
                }

                if (stage.Completes is { } node)
                {
                    exchange.Submit(bucket.Index, node, buffer);
                }
            }
        }
    }

    public float[] Result(int rank) => Buffers[rank][Plans[rank].Stages[^1].Buffer].ToArray();

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Groups.Select(group => group.DisposeAsync().AsTask()));
        foreach (var member in _members)
        {
            await member.DisposeAsync();
        }
        foreach (var shared in _shared)
        {
            shared.Dispose();
        }
    }
}
