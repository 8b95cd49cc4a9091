using Grpc.Core;
using TrainingCluster.Training;
using TrainingCluster.V1;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>
/// Stores checkpoints of a job: training stands still for the copy, the rest happens in the background and outlives generations. A
/// checkpoint that falls due while one is still being stored is left out. A failure is reported, and training goes on.
/// </summary>
internal sealed class Checkpointer(CheckpointSpec rule, TrainerParts parts) : IDisposable
{
    /// <summary>Within this a state that is about to be lost is stored: no grace period is longer as a rule.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly StateSnapshot _snapshot = new();
    private readonly CancellationTokenSource _ended = new();
    private Task _storing = Task.CompletedTask;
    private long _newest = parts.Time.GetTimestamp();
    private long _stored;

    /// <summary>Called after each step: begins a checkpoint if one is due.</summary>
    public void AfterStep(TrainingJob job, Reports reports, long generation)
    {
        var step = job.State.Progress.Step;
        var due = (rule.EverySteps > 0 && step % rule.EverySteps == 0)
            || (rule.EverySeconds > 0 && parts.Time.GetElapsedTime(_newest) >= TimeSpan.FromSeconds(rule.EverySeconds));
        if (due && !job.IsDone)
            Begin(job, reports, generation, CancellationToken.None);
    }

    /// <summary>
    /// Stores the state as it is now, unless that has been done: it may be the only copy. Returns when it is stored or cannot be, which is
    /// reported either way.
    /// </summary>
    public async Task StoreNowAsync(JobHolder holder, Reports reports, long generation)
    {
        using var limit = new CancellationTokenSource(s_limit, parts.Time);
        await Storing().WaitAsync(limit.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            if (holder is { HasState: true, Job: { } job } && job.State.Progress.Step > Interlocked.Read(ref _stored))
                Begin(job, reports, generation, limit.Token);
        }
        catch (ObjectDisposedException)
        {
            // The process ends: there is no more time.
        }

        await Storing();
    }

    private Task Storing()
    {
        lock (_gate)
            return _storing;
    }

    private void Begin(TrainingJob job, Reports reports, long generation, CancellationToken limit)
    {
        lock (_gate)
        {
            if (_storing.IsCompleted)
                Take(job, reports, generation, limit);
        }
    }

    private void Take(TrainingJob job, Reports reports, long generation, CancellationToken limit)
    {
        var start = parts.Time.GetTimestamp();
        _snapshot.Take(job.State);
        var pause = parts.Time.GetElapsedTime(start);
        _newest = parts.Time.GetTimestamp();
        var header = new CheckpointHeader { JobId = job.Id, Generation = generation, Step = _snapshot.Progress.Step, Best = IsBest(_snapshot.Progress) };
        var layout = job.State.Parameters.Layout;
        _storing = Task.Run(() => StoreAsync(header, layout, reports, start, pause, limit), CancellationToken.None);
    }

    /// <summary>Ends what is being stored.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
    }

    private async Task StoreAsync(CheckpointHeader header, FlatLayout layout, Reports reports, long start, TimeSpan pause, CancellationToken limit)
    {
        var report = new CheckpointReport
        {
            JobId = header.JobId,
            Generation = header.Generation,
            Step = header.Step,
            WorkerId = parts.Options.WorkerId,
            PauseMs = pause.TotalMilliseconds,
        };
        var folder = Path.Combine(parts.TemporaryFolder, $"checkpoint-{header.JobId}-{header.Step}-{Guid.NewGuid():n}");
        try
        {
            Directory.CreateDirectory(folder);
            CheckpointFiles.Write(folder, layout, _snapshot);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token, limit);
            var info = await parts.Files.StoreCheckpointAsync(header, folder, either.Token);
            if (info.Error.Length == 0)
                Interlocked.Exchange(ref _stored, header.Step);
            (report.CheckpointId, report.Bytes, report.Error) = (info.CheckpointId, info.Bytes, info.Error);
        }
        catch (Exception e) when (e is RpcException or IOException or UnauthorizedAccessException or OperationCanceledException or InvalidOperationException)
        {
            report.Error = e is RpcException failed ? $"{failed.StatusCode}: {failed.Status.Detail}" : e.Message;
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }

        report.Seconds = parts.Time.GetElapsedTime(start).TotalSeconds;
        reports.Checkpoint(report);
    }

    private static bool IsBest(TrainingProgress progress) => progress.BestStep == progress.Step && progress.Step > 0;
}
