using System.Diagnostics;
using System.Threading.Channels;
using Google.Protobuf;
using TrainingCluster.Logging;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Checkpoints;
using TrainingCluster.Worker.Datasets;
using TrainingCluster.Worker.Sharding;

namespace TrainingCluster.Worker.Training;

/// <summary>
/// The state machine of one worker: no job, prepared for a generation, in a generation. Commands are carried out one after another;
/// a newer generation's command ends the running one first, at once.
/// </summary>
public sealed partial class Trainer : ITrainer
{
    private readonly TrainerParts _parts;
    private readonly Channel<IMessage> _commands = Channel.CreateUnbounded<IMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly Task _obeying;
    private volatile LoadedJob? _loaded;
    private TrainingSession? _session;
    private Task _running = Task.CompletedTask;
    private string _job = "";
    private long _generation;
    private long _started;
    private long _staleCommands;
    private ActivityContext _trace;
    private ILogger _jobLogger;
    private CancellationTokenSource _preparing = new();
    private Task _storing = Task.CompletedTask;

    /// <summary>Makes a trainer that holds no job.</summary>
    /// <param name="options">Names and places.</param>
    /// <param name="coordinatorGrpcAddress">The coordinator's gRPC address as known now; null while it is not known.</param>
    /// <param name="report">Takes outcomes, from any thread, and must not block.</param>
    /// <param name="host">Where peers' streams come in.</param>
    /// <param name="loggers">For logs.</param>
    /// <param name="time">The clock.</param>
    public Trainer(
        TrainerOptions options,
        Func<string?> coordinatorGrpcAddress,
        Action<WorkerReport> report,
        CollectiveHost host,
        ILoggerFactory loggers,
        TimeProvider time
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(loggers);
        _parts = new TrainerParts(
            options,
            host,
            new DatasetCache(Path.Combine(options.DataFolder, "datasets"), coordinatorGrpcAddress, host.Options.Identity),
            new CoordinatorFiles(coordinatorGrpcAddress, host.Options.Identity),
            report,
            loggers.CreateLogger<Trainer>(),
            time
        );
        _jobLogger = _parts.Logger;
        // What an earlier process left half done.
        if (Directory.Exists(_parts.TemporaryFolder))
        {
            Directory.Delete(_parts.TemporaryFolder, recursive: true);
        }
        Directory.CreateDirectory(_parts.TemporaryFolder);
        host.StateSource = new StateSource(() => _loaded);
        _obeying = Task.Run(ObeyAsync);
    }

    /// <summary>Commands dropped because their generation was over.</summary>
    public long StaleCommands => Interlocked.Read(ref _staleCommands);

    /// <inheritdoc/>
    public RunningJob? Running
    {
        get
        {
            lock (_gate)
            {
                return _loaded is not { } loaded
                    ? null
                    : new RunningJob
                    {
                        JobId = loaded.JobId,
                        Generation = _generation,
                        HasState = loaded.HasState,
                        CompletedStep = loaded.Step,
                        Training = !_running.IsCompleted,
                        Ready = loaded.Job is not null,
                        Spec = loaded.Spec,
                        Origin = loaded.Origin,
                    };
            }
        }
    }

    /// <inheritdoc/>
    public void Prepare(OpenRendezvous message)
    {
        ArgumentNullException.ThrowIfNull(message);
        TrainingSession? older;
        var trace = TraceParent.Read(message.TraceParent) ?? TraceParent.Read(message.Origin?.TraceParent) ?? TraceParent.New();
        lock (_gate)
        {
            if (_job == message.JobId && (message.Generation < _generation || message.Generation == _started))
            {
                Drop(message.JobId, message.Generation);
                return;
            }

            if (_job != message.JobId)
            {
                _started = 0;
                StopPreparing();
            }

            (_job, _generation) = (message.JobId, message.Generation);
            _trace = trace;
            _jobLogger = ScopedLogger.OfJob(_parts.Logger, message.JobId, trace.TraceId.ToString());
            older = _session;
        }

        _parts.Files.Trace = TraceParent.Write(trace);
        LogInvited(_jobLogger, message.Generation, message.Reason);
        _parts.Host.Fence(message.JobId, message.Generation, trace.TraceId.ToString());
        // Not in its turn among the commands but now: whatever waits for a peer must not go on waiting.
        if (message.FinishStep == 0 || older?.FinishAfter(message.FinishStep) != true)
        {
            older?.Abort($"Generation {message.Generation} is being prepared: {message.Reason}");
        }
        _commands.Writer.TryWrite(message);
    }

    /// <inheritdoc/>
    public void Start(StartGeneration message)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_gate)
        {
            if (_job != message.JobId || message.Generation != _generation || message.Generation == _started)
            {
                Drop(message.JobId, message.Generation);
                return;
            }

            _started = message.Generation;
        }

        _commands.Writer.TryWrite(message);
    }

    /// <inheritdoc/>
    public void Stop(StopTraining message)
    {
        ArgumentNullException.ThrowIfNull(message);
        TrainingSession? session;
        lock (_gate)
        {
            if (_job == message.JobId && message.Generation < _generation)
            {
                Drop(message.JobId, message.Generation);
                return;
            }

            session = _job == message.JobId ? _session : null;
            if (_job == message.JobId && !message.KeepState)
            {
                StopPreparing();
            }
        }

        session?.Abort($"The job is stopped: {message.Reason}");
        _commands.Writer.TryWrite(message);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _commands.Writer.TryComplete();
        lock (_gate)
        {
            _session?.Abort("The worker ends.");
            StopPreparing();
        }

        await _obeying;
        _parts.Host.StateSource = null;
        _loaded?.Collected();
        _loaded?.Dispose();
        _loaded = null;
        await _storing;
        _preparing.Dispose();
        if (Directory.Exists(_parts.TemporaryFolder))
        {
            Directory.Delete(_parts.TemporaryFolder, recursive: true);
        }
    }

    private async Task ObeyAsync()
    {
        await foreach (var command in _commands.Reader.ReadAllAsync())
        {
            switch (command)
            {
                case OpenRendezvous prepare:
                    await _running;
                    await PrepareAsync(prepare);
                    break;
                case StartGeneration start:
                    await _running;
                    Begin(start);
                    break;
                case StopTraining stop:
                    await StopAsync(stop);
                    break;
            }
        }

        await _running;
    }

    /// <summary>Dataset and model are got here, not at the start: a newcomer does it while the others train on.</summary>
    private async Task PrepareAsync(OpenRendezvous message)
    {
        if (IsOver(message.JobId, message.Generation))
        {
            return;
        }
        if (_loaded?.JobId != message.JobId)
        {
            await ReplaceAsync(new LoadedJob(message.JobId, message.Spec, message.Origin));
        }
        var loaded = _loaded!;
        var logger = _parts.Logger;
        try
        {
            CancellationToken cancellationToken;
            lock (_gate)
            {
                cancellationToken = _preparing.Token;
                logger = _jobLogger;
            }
            await loaded.OpenAsync(_parts with { Logger = logger }, cancellationToken);
        }
        catch (Exception) when (IsOver(message.JobId, message.Generation))
        {
            return;
        }
        catch (Exception e)
        {
            TrainingSession.Report(
                _parts.ReportsOf(message.JobId, message.Generation),
                logger,
                e,
                message.JobId,
                message.Generation,
                loaded.Step
            );
            return;
        }

        // A newer call of the same job has its own answer.
        if (IsOver(message.JobId, message.Generation))
        {
            return;
        }
        _parts
            .ReportsOf(message.JobId, message.Generation)
            .Joined(
                new RendezvousJoined
                {
                    HasState = loaded.HasState,
                    CompletedStep = loaded.Step,
                    ShardsPerSecond = loaded.Speed.ShardsPerSecond,
                    StepEvaluated = loaded is { HasState: true, Job: { } job } && !job.EvaluationIsDue,
                    Holding = loaded.Holding,
                    PreparedStep = loaded is { HasState: true, Job.State.Prepared: { } prepared } ? prepared.After.Step : 0,
                }
            );
    }

    private void Begin(StartGeneration message)
    {
        if (IsOver(message.JobId, message.Generation))
        {
            return;
        }
        lock (_gate)
        {
            var session = new TrainingSession(_parts with { Logger = _jobLogger }, _loaded!, message, _trace);
            _session = session;
            if (_job != message.JobId || message.Generation != _generation)
            {
                session.Abort("A newer generation is being prepared.");
            }
            _running = Task.Run(session.RunAsync);
        }
    }

    private async Task StopAsync(StopTraining message)
    {
        await _running;
        if (_loaded?.JobId != message.JobId)
        {
            return;
        }
        var reports = _parts.ReportsOf(message.JobId, message.Generation);
        var completed = _loaded.Step;
        if (message is { KeepState: true, StoreCheckpoint: true } && _loaded is { HasState: true, Checkpointer: { } checkpointer } loaded)
        {
            // Beside what comes next: whoever resumes the job at once does not wait for it.
            _storing = StoreAsync(loaded, checkpointer, reports, completed);
            return;
        }
        if (message.KeepState && _loaded.Holding is { } holding && !ShardedRecovery.IsWhole(holding))
        {
            // Another member stores the state, and part of it is here.
            _storing = Task.WhenAll(_storing, _loaded.UntilCollectedAsync(_parts.Time));
        }

        if (!message.KeepState)
        {
            await ReplaceAsync(null);
            lock (_gate)
            {
                if (_job == message.JobId)
                {
                    (_job, _started) = ("", 0);
                }
            }
        }

        reports.Stopped(completed);
    }

    private async Task StoreAsync(LoadedJob loaded, Checkpointer checkpointer, Reports reports, long completed)
    {
        await _storing;
        await checkpointer.StoreNowAsync(loaded, reports);
        reports.Stopped(completed);
    }

    private async Task ReplaceAsync(LoadedJob? loaded)
    {
        // What a suspended job's worker alone holds is stored before another job takes its place; that has a limit of its own.
        await _storing;
        var old = _loaded;
        lock (_gate)
        {
            _loaded = loaded;
        }
        old?.Dispose();
    }

    /// <summary>Ends a download that nobody wants any more. Under the lock.</summary>
    private void StopPreparing()
    {
        _ = _preparing.CancelAsync();
        _preparing = new CancellationTokenSource();
    }

    private bool IsOver(string job, long generation)
    {
        lock (_gate)
        {
            return _job != job || generation != _generation;
        }
    }

    private void Drop(string job, long generation)
    {
        Interlocked.Increment(ref _staleCommands);
        LogStale(job == _job ? _jobLogger : _parts.Logger, job, generation, _job, _generation);
    }

    [LoggerMessage(EventId = 2204, Level = LogLevel.Information, Message = "invited to generation {Generation}: {Reason}")]
    private static partial void LogInvited(ILogger logger, long generation, string reason);

    [LoggerMessage(
        EventId = 2203,
        Level = LogLevel.Information,
        Message = "A command of job {Job}, generation {Generation}, was dropped: this worker is at job {OwnJob}, generation {OwnGeneration}"
    )]
    private static partial void LogStale(ILogger logger, string job, long generation, string ownJob, long ownGeneration);
}
