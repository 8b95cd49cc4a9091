using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TrainingCluster.Logging;

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
    private ILogger _jobLogger;
    private string _job = "";
    private long _generation;
    private ProcessGroup? _admitted;
    private ProcessGroup? _last;
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
        _jobLogger = _logger;
    }

    /// <summary>Settings that this worker's groups share.</summary>
    public CollectiveOptions Options { get; }

    /// <summary>Who answers FetchState; null when this worker holds no state.</summary>
    public IStateSource? StateSource { get; set; }

    /// <summary>Streams that were refused because their generation is over here.</summary>
    public long StaleStreams => Interlocked.Read(ref _staleStreams);

    /// <summary>Frames that came after the end of their generation and were dropped.</summary>
    public long StaleFrames => Interlocked.Read(ref _staleFrames);

    /// <summary>Peers of the present generation by the way that this worker's gradients take to them.</summary>
    public PeerCounts Peers
    {
        get
        {
            lock (_gate)
            {
                return _group?.Peers ?? default;
            }
        }
    }

    /// <summary>Told, in one word and for people, why a data connection was refused.</summary>
    public Action<string, string>? Refused { get; set; }

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
        services.AddSingleton<IConnectionListenerFactory, DataListener.Factory>();
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
    /// <param name="traceId">The trace that the job's lines of the log name; empty: not known.</param>
    public void Fence(string jobId, long generation, string traceId = "")
    {
        lock (_gate)
        {
            if (_job == jobId && generation <= _generation)
            {
                return;
            }
            _last = _admitted ?? _last;
            (_job, _generation, _admitted, _group) = (jobId, generation, null, null);
            _jobLogger = ScopedLogger.OfJob(_logger, jobId, traceId);
            SignalChange();
        }
    }

    /// <summary>From now on the members of this generation may read this worker's state.</summary>
    public void Admit(ProcessGroup plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        Fence(plan.JobId, plan.Generation);
        lock (_gate)
        {
            if (_job == plan.JobId && _generation == plan.Generation)
            {
                _admitted = plan;
                SignalChange();
            }
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

            (_admitted, _group) = (group.Plan, group);
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

    /// <summary>The group of a generation, as soon as it is open here.</summary>
    /// <exception cref="RpcException">FAILED_PRECONDITION: this worker is in another generation.</exception>
    internal Task<CollectiveGroup> GroupOfAsync(string job, long generation, string caller, CancellationToken cancellationToken) =>
        WaitForAsync(() => _group, job, generation, caller, cancellationToken);

    /// <summary>The members of a generation, as soon as this worker knows that it is one of them.</summary>
    /// <exception cref="RpcException">FAILED_PRECONDITION: this worker is in another generation.</exception>
    internal Task<ProcessGroup> PlanOfAsync(string job, long generation, string caller, CancellationToken cancellationToken) =>
        WaitForAsync(() => _admitted, job, generation, caller, cancellationToken);

    /// <summary>The members of the last generation that this worker was one of: they may store its state when it is over.</summary>
    /// <exception cref="RpcException">FAILED_PRECONDITION: this worker was in another generation.</exception>
    internal ProcessGroup LastPlanOf(string job, long generation, string caller)
    {
        lock (_gate)
        {
            return (_admitted ?? _last) is { } last && last.JobId == job && last.Generation == generation
                ? last
                : throw Stale(job, generation, caller);
        }
    }

    /// <summary>Notes a data connection that was refused.</summary>
    /// <param name="from">Where it came from.</param>
    /// <param name="reason">In one word.</param>
    /// <param name="message">For people.</param>
    internal void Refuse(System.Net.EndPoint? from, string reason, string message) => Refused?.Invoke(reason, $"from {from}: {message}");

    private async Task<T> WaitForAsync<T>(Func<T?> known, string job, long generation, string caller, CancellationToken cancellationToken)
        where T : class
    {
        using var timeout = new CancellationTokenSource(Options.WaitAfter(Options.ToGetReady), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_job == job && _generation == generation && known() is { } found)
                {
                    return found;
                }
                if (_job == job && generation < _generation)
                {
                    throw Stale(job, generation, caller);
                }
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                throw Stale(job, generation, caller);
            }
        }
    }

    private RpcException Stale(string job, long generation, string caller)
    {
        Interlocked.Increment(ref _staleStreams);
        LogStale(job == _job ? _jobLogger : _logger, caller, job, generation, _job, _generation);
        return new RpcException(
            new Status(
                StatusCode.FailedPrecondition,
                $"Generation {generation} of job '{job}' is not here; this worker is at generation {_generation} of '{_job}'."
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
        Message = "A call of {Caller}, job {Job}, generation {Generation} was dropped: this worker is at job {OwnJob}, "
            + "generation {OwnGeneration}"
    )]
    private static partial void LogStale(ILogger logger, string caller, string job, long generation, string ownJob, long ownGeneration);
}
