using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Checkpoints;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Training;

/// <summary>The one job that a worker holds, before and after its model is in memory.</summary>
internal sealed class LoadedJob(string jobId, JobSpec spec, JobOrigin? origin) : IDisposable
{
    private volatile TrainingJob? _job;

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
