using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// Where peers' streams come in. Knows the newest generation that this worker was told of: streams of older ones are refused,
/// streams of one that is not open here yet are kept waiting, unread.
/// </summary>
public sealed partial class CollectiveHost
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private string _job = "";
    private long _generation;
    private CollectiveGroup? _group;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _staleStreams;
    private long _staleFrames;

    /// <summary>Makes a host without a generation.</summary>
    public CollectiveHost(CollectiveOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        (Options, _time, _logger) = (options.Checked(), time, loggers.CreateLogger<CollectiveHost>());
    }

    /// <summary>Settings that this worker's groups share.</summary>
    public CollectiveOptions Options { get; }

    /// <summary>Who answers FetchState; null when this worker holds no state.</summary>
    public IStateSource? StateSource { get; set; }

    /// <summary>Streams that were refused because their generation is over here.</summary>
    public long StaleStreams => Interlocked.Read(ref _staleStreams);

    /// <summary>Frames that came after the end of their generation and were dropped.</summary>
    public long StaleFrames => Interlocked.Read(ref _staleFrames);

    /// <summary>
    /// Peers of the present generation: those that read this worker's gradients in shared memory, and those that get them through gRPC.
    /// </summary>
    public (int SharedMemory, int Grpc) Peers
    {
        get
        {
            lock (_gate)
            {
                return _group is { } group ? (group.SharedMemoryPeers, group.Plan.Workers - 1 - group.SharedMemoryPeers) : (0, 0);
            }
        }
    }

    /// <summary>Adds what the service needs. Call with <see cref="ConfigureKestrel"/> and <see cref="Map"/>.</summary>
    /// <param name="services">The web application's services.</param>
    public void AddServices(IServiceCollection services)
    {
        services
            .AddGrpc()
            .AddServiceOptions<CollectiveService>(options =>
            {
                options.MaxReceiveMessageSize = FrameCodec.LargestPayload + 1024;
                options.MaxSendMessageSize = null;
            });
        services.AddSingleton(this);
        services.AddSingleton<IMemoryPoolFactory<byte>, BulkMemoryPool.Factory>();
    }

    /// <summary>Raises HTTP/2 windows for bulk streams.</summary>
    /// <param name="kestrel">The server that listens for peers.</param>
    public void ConfigureKestrel(KestrelServerOptions kestrel)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        var http2 = kestrel.Limits.Http2;
        http2.InitialStreamWindowSize = Options.StreamWindowBytes;
        http2.InitialConnectionWindowSize = 2 * Options.StreamWindowBytes;
        http2.KeepAlivePingDelay = TimeSpan.FromSeconds(Math.Max(1, Options.Timeout.TotalSeconds / 4));
        http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(Math.Max(1, Options.Timeout.TotalSeconds / 2));
        // Gradients may pause for as long as a step takes; the group has its own deadline.
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
    }

    /// <summary>Maps the service.</summary>
    public static void Map(IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<CollectiveService>();

    /// <summary>From now on streams of older generations are refused. Called as soon as a newer generation is known of.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="generation">Its newest generation.</param>
    public void Fence(string jobId, long generation)
    {
        lock (_gate)
        {
            if (_job == jobId && generation <= _generation)
            {
                return;
            }
            (_job, _generation, _group) = (jobId, generation, null);
            SignalChange();
        }
    }

    /// <summary>Gives streams of the group's generation to the group.</summary>
    public void Open(CollectiveGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        Fence(group.Plan.JobId, group.Plan.Generation);
        lock (_gate)
        {
            if (_job != group.Plan.JobId || _generation != group.Plan.Generation)
            {
                group.Abort($"Generation {_generation} of job {_job} is newer.");
                return;
            }

            _group = group;
            group.Links.FrameDropped = () => Interlocked.Increment(ref _staleFrames);
            SignalChange();
        }
    }

    /// <summary>No more streams for the group.</summary>
    public void Close(CollectiveGroup group)
    {
        lock (_gate)
        {
            if (_group == group)
            {
                _group = null;
            }
        }
    }

    /// <summary>The group that a stream's first frame names, as soon as it is open here.</summary>
    internal async Task<CollectiveGroup> GroupForAsync(CollectiveFrame first, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Options.WaitAfter(Options.ToGetReady), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_job == first.JobId && _group is { } group && _generation == first.Generation)
                {
                    return group;
                }
                if (_job == first.JobId && first.Generation < _generation)
                {
                    throw Stale(first);
                }
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                throw Stale(first);
            }
        }
    }

    private RpcException Stale(CollectiveFrame first)
    {
        first.Received?.Dispose();
        Interlocked.Increment(ref _staleStreams);
        LogStale(_logger, first.SenderRank, first.JobId, first.Generation, _job, _generation);
        return new RpcException(
            new Status(
                StatusCode.FailedPrecondition,
                $"Generation {first.Generation} of job '{first.JobId}' is not here; this worker is at generation {_generation} of '{_job}'."
            )
        );
    }

    private void SignalChange()
    {
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(
        EventId = 2102,
        Level = LogLevel.Information,
        Message = "A stream of rank {Rank}, job {Job}, generation {Generation} was dropped: this worker is at job {OwnJob}, "
            + "generation {OwnGeneration}"
    )]
    private static partial void LogStale(ILogger logger, int rank, string job, long generation, string ownJob, long ownGeneration);
}
