using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Checkpoints;
using TrainingCluster.Worker.Sharding;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Training;

/// <summary>The one job that a worker holds, before and after its model is in memory.</summary>
internal sealed class LoadedJob(string jobId, JobSpec spec, JobOrigin? origin) : IDisposable
{
    private static readonly TimeSpan s_collecting = TimeSpan.FromSeconds(10);

    private volatile TaskCompletionSource _collected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TrainingJob? _job;
    private bool _idle = true;

    public string JobId => jobId;

    /// <summary>As it came with the rendezvous.</summary>
    public JobSpec Spec => spec;

    /// <inheritdoc cref="Spec"/>
    public JobOrigin? Origin => origin;

    /// <summary>How fast this worker is in this job.</summary>
    public SpeedMeter Speed { get; } = new();

    /// <summary>The job in memory; null until it has been prepared.</summary>
    public TrainingJob? Job => _job;

    /// <summary>Stores checkpoints of the job; null until it has been prepared.</summary>
    public Checkpointer? Checkpointer { get; private set; }

    /// <summary>Whether the state in memory is a whole one.</summary>
    public bool HasState { get; set; }

    /// <summary>
    /// The generation whose base state it took last, and in which the state has moved on since: no number that was only called.
    /// </summary>
    public long Generation { get; set; }

    /// <summary>The secret of that generation's members.</summary>
    public string GroupToken { get; set; } = "";

    /// <summary>That generation's plan.</summary>
    public StartGeneration? Start { get; set; }

    /// <summary>Whether no generation runs: nothing changes the state.</summary>
    public bool IsIdle
    {
        get => Volatile.Read(ref _idle);
        set
        {
            if (!value)
            {
                _collected = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            Volatile.Write(ref _idle, value);
        }
    }

    /// <summary>
    /// Sharded optimizer: which part of the state is here, as the coordinator and the peers must know it; null: all of it, or none.
    /// </summary>
    public StateHolding? Holding => HasState && _job is { ShardsOptimizer: true } job ? ShardedRecovery.Describe(job.State) : null;

    /// <summary>Waits until the member that stores the state has what this worker holds, but not for long.</summary>
    public Task UntilCollectedAsync(TimeProvider time) => Task.WhenAny(_collected.Task, Task.Delay(s_collecting, time));

    /// <summary>The member that stores the state needs nothing more from here.</summary>
    public void Collected() => _collected.TrySetResult();

    /// <summary>Newest step whose update is applied.</summary>
    public long Step => HasState && _job is { } job ? job.State.Progress.Step : 0;

    /// <summary>Loads dataset and model the first time.</summary>
    public async Task<TrainingJob> OpenAsync(TrainerParts parts, CancellationToken cancellationToken)
    {
        // A state that was taken only in part is no use, not even as initial weights.
        if (_job is { } open && (HasState || open.State.Version == 0))
        {
            return open;
        }
        _job?.Dispose();
        _job = null;
        var dataset = await parts.Datasets.OpenAsync(spec.Dataset?.Fingerprint ?? "", parts.Logger, cancellationToken);
        var shared = parts.Host.Options.SharedMemory ? SharedBuffers.TryCreate(parts.Logger) : null;
        try
        {
            var job = await MainArenaThread.RunAsync(() =>
            {
                var made = TrainingJob.Create(jobId, spec, dataset, new Device(parts.Options.Device), shared);
                Warmup.Run(made);
                return made;
            });
            Checkpointer ??= new Checkpointer(job.Spec.Checkpoint, job.Rounds, parts);
            return _job = job;
        }
        catch
        {
            shared?.Dispose();
            dataset.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Checkpointer?.Dispose();
        HasState = false;
        _job?.Dispose();
        _job = null;
    }
}
