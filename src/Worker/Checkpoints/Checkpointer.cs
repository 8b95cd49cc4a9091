using Grpc.Core;
using TrainingCluster.Jobs;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Sharding;
using TrainingCluster.Worker.State;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>
/// Stores checkpoints of a job: training stands still for the copy, the rest happens in the background and outlives generations. A
/// checkpoint that falls due while one is still being stored is left out. A failure is reported, and training goes on.
/// </summary>
internal sealed class Checkpointer(CheckpointSpec rule, Rounds rounds, TrainerParts parts) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly StateSnapshot _snapshot = new();
    private readonly CancellationTokenSource _ended = new();
    private Task _storing = Task.CompletedTask;
    private long _newest = parts.Time.GetTimestamp();
    private long _stored;

    /// <summary>The spans of the present generation; null: there was none yet.</summary>
    public GenerationSpans? Spans { get; set; }

    /// <summary>Whether one is to be taken after a step.</summary>
    public bool IsDue(long step) =>
        StoringAsync().IsCompleted
        && (
            (rule.EverySteps > 0 && rounds.IsDue(step, rule.EverySteps))
            || (rule.EverySeconds > 0 && parts.Time.GetElapsedTime(_newest) >= TimeSpan.FromSeconds(rule.EverySeconds))
        );

    /// <summary>
    /// Called after each step: begins a checkpoint if the first member, whose clock decides, has announced one with the step's totals.
    /// All write their part (<see cref="CheckpointSpec.Sharded"/>), or the first member all of it.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="reports">Where the outcome goes.</param>
    /// <param name="plan">The generation's.</param>
    /// <param name="announced">The first member has said that one is due.</param>
    /// <param name="commit">Gathers what others hold of the optimizer's state.</param>
    /// <exception cref="CollectiveException">The group ended meanwhile.</exception>
    public void AfterStep(TrainingJob job, Reports reports, ProcessGroup plan, bool announced, StepCommit commit)
    {
        var step = job.State.Progress.Step;
        if (!announced || job.IsDone)
        {
            return;
        }
        TrainingThread.Enter(TrainingPhase.Snapshot);
        var others = commit.SendMoments(rank => rule.Sharded || rank == 0);
        if (!rule.Sharded && plan.OwnRank > 0)
        {
            return;
        }
        var (part, partCount) = rule.Sharded ? (plan.OwnRank, plan.Workers) : (0, 1);
        if (!Begin(job, reports, new(plan.Generation, plan.Token, part, partCount), others, CancellationToken.None))
        {
            if (others is not null)
            {
                var unneeded = new float[job.State.Parameters.Layout.Length];
                others(unneeded, unneeded);
            }
            reports.Checkpoint(new CheckpointReport { Step = step, Error = "this worker is still storing the one before" });
        }
    }

    /// <summary>
    /// Stores the whole state as it is now, unless that has been done: it may be the only copy. Returns when it is stored or cannot be,
    /// which is reported either way.
    /// </summary>
    public async Task StoreNowAsync(LoadedJob loaded, Reports reports)
    {
        using var limit = new CancellationTokenSource(parts.Options.LastCheckpointTimeout, parts.Time);
        await StoringAsync()
            .WaitAsync(limit.Token)
            .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            if (loaded is { HasState: true, Job: { } job } && job.State.Progress.Step > Interlocked.Read(ref _stored))
            {
                var others = await ShareCollection.RunAsync(loaded, parts.Host.Options, parts.Options.WorkerId, limit.Token);
                Begin(job, reports, new(loaded.Generation, loaded.GroupToken, Part: 0, Parts: 1), others, limit.Token);
            }
        }
        catch (ShareCollection.IncompleteException e)
        {
            reports.Checkpoint(new CheckpointReport { Step = loaded.Step, Error = e.Message });
        }
        catch (ObjectDisposedException)
        {
            // The process ends: there is no more time.
        }

        await StoringAsync();
    }

    private Task StoringAsync()
    {
        lock (_gate)
        {
            return _storing;
        }
    }

    /// <returns>False: one is still being stored.</returns>
    private bool Begin(TrainingJob job, Reports reports, Share share, MomentGathering? others, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_storing.IsCompleted)
            {
                return false;
            }
            Take(job, reports, share, others, cancellationToken);
            return true;
        }
    }

    private void Take(TrainingJob job, Reports reports, Share share, MomentGathering? others, CancellationToken cancellationToken)
    {
        var start = parts.Time.GetTimestamp();
        _snapshot.Take(job.State, others);
        var pause = parts.Time.GetElapsedTime(start);
        _newest = parts.Time.GetTimestamp();
        var progress = _snapshot.Progress;
        var header = new CheckpointHeader
        {
            JobId = job.Id,
            Generation = share.Generation,
            Step = progress.Step,
            Best = IsBest(progress),
            Epoch = job.Batches.Locate(progress.Step).Epoch,
            Part = share.Part,
            Parts = share.Parts,
        };
        var span = Spans?.Begin("checkpoint", progress.Step);
        var layout = job.State.Parameters.Layout;
        var report = new CheckpointReport { Step = progress.Step, PauseMs = pause.TotalMilliseconds };
        _storing = Task.Run(
            async () =>
            {
                await StoreAsync(header, share.Token, layout, report, reports, start, cancellationToken);
                span?.SetTag("cluster.checkpoint", report.CheckpointId).SetTag("cluster.bytes", report.Bytes);
                span.End(report.Error.Length > 0 ? report.Error : null);
            },
            CancellationToken.None
        );
    }

    /// <summary>Ends what is being stored.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
    }

    private async Task StoreAsync(
        CheckpointHeader header,
        string groupToken,
        FlatLayout layout,
        CheckpointReport report,
        Reports reports,
        long start,
        CancellationToken cancellationToken
    )
    {
        var folder = Path.Combine(parts.TemporaryFolder, $"checkpoint-{header.JobId}-{header.Step}-{Guid.NewGuid():n}");
        try
        {
            WriteSnapshot(folder, layout, header);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token, cancellationToken);
            var info = await parts.Files.StoreCheckpointAsync(header, groupToken, folder, either.Token);
            if (info.Error.Length == 0 && header.Parts == 1)
            {
                Interlocked.Exchange(ref _stored, header.Step);
            }
            (report.CheckpointId, report.Bytes, report.Error) = (info.CheckpointId, info.SizeBytes, info.Error);
        }
        catch (Exception e)
            when (e is RpcException or IOException or UnauthorizedAccessException or OperationCanceledException or InvalidOperationException
            )
        {
            report.Error = e is RpcException failed ? $"{failed.StatusCode}: {failed.Status.Detail}" : e.Message;
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        // Of several parts the last one makes the checkpoint: whoever sent it reports.
        if (report.CheckpointId.Length == 0 && report.Error.Length == 0)
        {
            return;
        }
        report.Seconds = parts.Time.GetElapsedTime(start).TotalSeconds;
        reports.Checkpoint(report);
    }

    private void WriteSnapshot(string folder, FlatLayout layout, CheckpointHeader header)
    {
        try
        {
            Directory.CreateDirectory(folder);
            CheckpointFiles.Write(folder, _snapshot.ToStateDict(layout), header.Part, header.Parts);
        }
        finally
        {
            _snapshot.Release();
        }
    }

    /// <summary>What a member writes of a checkpoint, and as a member of which generation.</summary>
    private readonly record struct Share(long Generation, string Token, int Part, int Parts);

    private static bool IsBest(TrainingProgress progress) => progress.BestStep == progress.Step && progress.Step > 0;
}
