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
    private readonly StateSnapshot _snapshot = new();
    private readonly CancellationTokenSource _ended = new();
    private Task _storing = Task.CompletedTask;
    private long _newest = parts.Time.GetTimestamp();

    /// <summary>Called after each step: begins a checkpoint if one is due.</summary>
    public void AfterStep(TrainingJob job, Reports reports, long generation)
    {
        var step = job.State.Progress.Step;
        var due = (rule.EverySteps > 0 && step % rule.EverySteps == 0)
            || (rule.EverySeconds > 0 && parts.Time.GetElapsedTime(_newest) >= TimeSpan.FromSeconds(rule.EverySeconds));
        if (!due || !_storing.IsCompleted || job.IsDone)
            return;
        var start = parts.Time.GetTimestamp();
        _snapshot.Take(job.State);
        var pause = parts.Time.GetElapsedTime(start);
        _newest = parts.Time.GetTimestamp();
        var header = new CheckpointHeader { JobId = job.Id, Generation = generation, Step = step, Best = IsBest(_snapshot.Progress) };
        var layout = job.State.Parameters.Layout;
        _storing = Task.Run(() => StoreAsync(header, layout, reports, start, pause));
    }

    /// <summary>Ends what is being stored.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
    }

    private async Task StoreAsync(CheckpointHeader header, FlatLayout layout, Reports reports, long start, TimeSpan pause)
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
            var info = await parts.Files.StoreCheckpointAsync(header, folder, _ended.Token);
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
