using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Hosting;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.AllReduce;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Tests.Training;

/// <summary>Workers in one process with real connections, and a test that plays the job's actor.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    /// <summary>The token of every generation.</summary>
    public const string GroupSecret = "secret";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cluster-test-");
    private readonly List<Member> _members = [];

    private TestCluster(TestCoordinator coordinator) => Coordinator = coordinator;

    public TestCoordinator Coordinator { get; }

    public string Fingerprint { get; private set; } = "";

    public IReadOnlyList<Member> Members => _members;

    public string DatasetFolder => Path.Combine(_folder.FullName, "datasets", Fingerprint);

    public static async Task<TestCluster> StartAsync(int workers, CollectiveOptions? options = null)
    {
        var cluster = new TestCluster(await TestCoordinator.StartAsync());
        cluster.Fingerprint = TestDataset.Build(Path.Combine(cluster._folder.FullName, "datasets"));
        for (var i = 0; i < workers; i++)
        {
            await cluster.AddAsync(options);
        }
        return cluster;
    }

    public async Task<Member> AddAsync(CollectiveOptions? options = null)
    {
        var number = _members.Count;
        var data = Path.Combine(_folder.FullName, $"worker-{number}");
        Directory.CreateDirectory(data);
        Directory.CreateSymbolicLink(Path.Combine(data, "datasets"), Path.Combine(_folder.FullName, "datasets"));
        var server = await TestMember.StartAsync(options ?? new CollectiveOptions { FrameBytes = 64 * 1024, Timeout = TestGroup.Timeout });
        var messages = Channel.CreateUnbounded<WorkerReport>();
        var hold = new Hold();
        var trainer = new Trainer(
            new TrainerOptions
            {
                WorkerId = $"worker-{number}",
                Incarnation = $"incarnation-{number}",
                DataFolder = data,
            },
            () => Coordinator.Address,
            report =>
            {
                messages.Writer.TryWrite(report);
                hold.Pass(report);
            },
            server.Host,
            NullLoggerFactory.Instance,
            TimeProvider.System
        );
        var member = new Member($"worker-{number}", server, trainer, messages.Reader, hold);
        _members.Add(member);
        return member;
    }

    public JobSpec Spec(Action<JobSpec>? change = null)
    {
        var spec = new JobSpec
        {
            Seed = 7,
            Dataset = new DatasetSpec { Fingerprint = Fingerprint },
            Model = new ModelSpec
            {
                DModel = 16,
                Heads = 2,
                Layers = 1,
                FeedForward = 32,
                Dropout = 0.1,
            },
            Training = new TrainingSpec
            {
                Steps = 6,
                LogicalShards = 4,
                BatchTokens = 512,
                LearningRate = 3e-3,
                WarmupSteps = 2,
            },
            Evaluation = new EvaluationSpec { EverySteps = 3 },
            Checkpoint = new CheckpointSpec { EverySteps = 0, EverySeconds = 0 },
        };
        change?.Invoke(spec);
        return spec;
    }

    public void Prepare(string job, long generation, JobSpec spec, IEnumerable<Member> members)
    {
        foreach (var member in members)
        {
            member.Trainer.Prepare(
                new OpenRendezvous
                {
                    JobId = job,
                    Generation = generation,
                    Spec = spec,
                    Reason = "test",
                }
            );
        }
    }

    /// <summary>Prepares and starts a generation as the job's actor does.</summary>
    public async Task<long> BeginAsync(
        string job,
        long generation,
        JobSpec spec,
        IReadOnlyList<Member> members,
        string checkpoint = "",
        long? baseStep = null,
        int withoutShare = 0
    )
    {
        Prepare(job, generation, spec, members);
        var prepared = new List<RendezvousJoined>();
        foreach (var member in members)
        {
            prepared.Add(await member.NextAsync<RendezvousJoined>(generation: generation));
        }
        var step = baseStep ?? prepared.Where(p => p.HasState).Select(p => p.CompletedStep).DefaultIfEmpty(0).Max();
        var start = new StartGeneration
        {
            JobId = job,
            Generation = generation,
            BaseStep = step,
            CheckpointId = checkpoint,
            GroupToken = GroupSecret,
        };
        var shards = spec.Training.LogicalShards;
        for (var rank = 0; rank < members.Count; rank++)
        {
            var first = shards * rank / members.Count;
            start.Members.Add(
                new GenerationMember
                {
                    WorkerId = members[rank].Id,
                    Rank = rank,
                    CollectiveAddress = members[rank].Server.Address.ToString(),
                    FirstShard = first,
                    ShardCount = (shards * (rank + 1) / members.Count) - first,
                    HasBaseState = IsAt(prepared[rank], step),
                    Holding = IsAt(prepared[rank], step) ? HoldingAt(prepared[rank], step) : null,
                    Share = rank < members.Count - withoutShare ? rank + 1 : 0,
                }
            );
        }

        foreach (var member in members)
        {
            member.Trainer.Start(start);
        }
        return step;
    }

    private static bool IsAt(RendezvousJoined joined, long step) =>
        joined.HasState && (joined.CompletedStep == step || joined.PreparedStep == step);

    // Who is only prepared applies the update to its own shares.
    private static StateHolding? HoldingAt(RendezvousJoined joined, long step)
    {
        var holding = joined.Holding?.Clone();
        if (holding is not null && joined.CompletedStep != step)
        {
            holding.WeightsWhole = false;
        }
        return holding;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
        {
            await member.DisposeAsync();
        }
        await Coordinator.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    internal sealed record Member(string Id, TestMember Server, Trainer Trainer, ChannelReader<WorkerReport> Messages, Hold Hold)
        : IAsyncDisposable
    {
        private bool _ended;

        public List<IMessage> Seen { get; } = [];

        /// <summary>
        /// The next message of a kind; others are kept in <see cref="Seen"/>. A failure that was not asked for fails the test.
        /// </summary>
        public async Task<T> NextAsync<T>(Predicate<T>? match = null, long? generation = null)
            where T : IMessage
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            timeout.CancelAfter(TimeSpan.FromMinutes(4));
            while (true)
            {
                var report = await Messages.ReadAsync(timeout.Token);
                var message = report.Content()!;
                Seen.Add(message);
                if (
                    message is T found
                    && (generation ?? report.Header.Generation) == report.Header.Generation
                    && match?.Invoke(found) != false
                )
                {
                    return found;
                }
                if (message is GenerationFailed or JobFailedOnWorker && typeof(T) == typeof(TrainingCompleted))
                {
                    Assert.Fail($"{Id}: {message}");
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_ended)
            {
                return;
            }
            _ended = true;
            Hold.Release();
            await Trainer.DisposeAsync();
            await Server.DisposeAsync();
        }

        /// <summary>Breaks connections first, as a killed process does.</summary>
        public async Task KillAsync()
        {
            _ended = true;
            await Server.DisposeAsync();
            Hold.Release();
            await Trainer.DisposeAsync();
        }
    }
}
