using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using TrainingCluster.Files;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Sharding;

namespace TrainingCluster.Worker.Training;

/// <summary>One generation on this worker, from catching up to its end, whatever that is.</summary>
/// <remarks>
/// 1. open dataset and model; 2. take the state of the base step; 3. connect to the peers and agree; 4. evaluate where that is due;
/// 5. train step by step; 6. choose the final weights; 7. store the model (rank 0). The middle part runs on a thread of its own.
/// </remarks>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "The token may be asked for after the session's end, and holds nothing that must be freed."
)]
internal sealed partial class TrainingSession
{
    private readonly TrainerParts _parts;
    private readonly StartGeneration _start;
    private readonly LoadedJob _loaded;
    private readonly Reports _reports;
    private readonly ActivityContext _trace;
    private GenerationSpans _spans = null!;
    private string? _problem;
    private readonly CancellationTokenSource _aborted = new();
    private readonly Lock _boundary = new();
    private long _begun;
    private long _finishStep = long.MaxValue;
    private CollectiveGroup? _group;
    private long _sent;
    private long _received;

    public TrainingSession(TrainerParts parts, LoadedJob loaded, StartGeneration start, ActivityContext trace)
    {
        (_parts, _loaded, _start, _trace) = (parts, loaded, start, trace);
        _reports = parts.ReportsOf(start.JobId, start.Generation);
    }

    public long Generation => _start.Generation;

    /// <summary>Ends the session at the next safe point; it reports nothing more then.</summary>
    public void Abort(string reason)
    {
        _ = _aborted.CancelAsync();
        Volatile.Read(ref _group)?.Abort(reason);
    }

    /// <summary>
    /// Lets the session go on until a step is done; all its members are told the same. False: that step is behind it, or it does not
    /// train yet.
    /// </summary>
    public bool FinishAfter(long step)
    {
        lock (_boundary)
        {
            if (_begun == 0 || _begun > step)
            {
                return false;
            }
            _finishStep = step;
            return true;
        }
    }

    /// <summary>Runs the generation. Every end but an abort is reported; nothing is thrown.</summary>
    public async Task RunAsync()
    {
        _spans = new GenerationSpans(_trace, _start, _parts.Options.WorkerId);
        _loaded.IsIdle = false;
        try
        {
            await RunCoreAsync();
        }
        catch (Exception) when (_aborted.IsCancellationRequested)
        {
            // The one that aborted reports.
            _problem = "ended for another generation";
        }
        catch (Exception e)
        {
            _problem = e.Message;
            Report(_reports, _parts.Logger, e, _start.JobId, _start.Generation, _loaded.Step);
        }
        finally
        {
            _loaded.IsIdle = true;
            _spans.End(_problem);
        }
    }

    /// <summary>Reports what was thrown: a fault of the job, or a failure of this generation here.</summary>
    internal static void Report(Reports reports, ILogger logger, Exception error, string jobId, long generation, long step)
    {
        if (FaultOf(error) is { } fault)
        {
            LogFault(logger, error, jobId, generation, fault.Code);
            reports.JobFailed(step, fault);
            return;
        }

        LogException(logger, error, jobId, generation);
        var stage = error switch
        {
            StateRecovery.NoStateException => "NoState",
            StateRecovery.BadCheckpointException => FailureStages.BadCheckpoint,
            RpcException => "CoordinatorUnreachable",
            InvalidDataException or FileTransferException => "DamagedData",
            _ => "Exception",
        };
        reports.Failed(step, stage, $"{error.GetType().Name}: {error.Message}");
    }

    private async Task RunCoreAsync()
    {
        var start = Stopwatch.GetTimestamp();
        // 1.
        ShardedRecovery.ForgetForSeed(_loaded, _start);
        var job = await _loaded.OpenAsync(_parts, _aborted.Token);
        _loaded.Checkpointer!.Spans = _spans;
        var plan = ProcessGroup.From(_start, _parts.Options.WorkerId, job.Spec.Training.LogicalShards);
        // Before peers ask for it.
        var holdsState = _loaded.HasState;
        _loaded.HasState = job.ShardsOptimizer && ShardedRecovery.Resolve(job.State, holdsState, _start, _parts.Options.WorkerId);
        _parts.Host.Admit(plan);
        // 2.
        var recovered = await RecoverAsync(job, plan, holdsState);
        (_loaded.HasState, _loaded.Generation, _loaded.GroupToken) = (true, _start.Generation, _start.GroupToken);
        _loaded.Start = _start;
        var (loop, group) = TrainingLoop.Create(job, plan, _parts.Host.Options, _parts.Time, _parts.Logger);
        Volatile.Write(ref _group, group);
        FinalModel? model;
        try
        {
            _parts.Host.Open(group);
            if (_aborted.IsCancellationRequested)
            {
                group.Abort("The generation was ended before it began.");
            }
            model = await MainArenaThread.RunAsync(() => TrainOrReport(job, loop, group, Stopwatch.GetElapsedTime(start), recovered));
        }
        finally
        {
            _parts.Host.Close(group);
            await group.DisposeAsync();
        }

        // 7.
        if (model is not null && !_aborted.IsCancellationRequested)
        {
            await CompleteAsync(job, model, plan.OwnRank == 0);
        }
    }

    private Task<RecoveredState> RecoverAsync(TrainingJob job, ProcessGroup plan, bool holdsState)
    {
        var span = _spans.Begin("state recovery", _start.BaseStep);
        return span.DuringAsync(async () =>
        {
            if (
                job.ShardsOptimizer
                && await ShardedRecovery.RunAsync(job, _loaded.HasState, _start, plan, _parts.Host.Options, _aborted.Token) is { } taken
            )
            {
                span?.SetTag("cluster.source", taken.Source.ToString()).SetTag("cluster.bytes", taken.Bytes);
                return taken;
            }
            var recovered = await StateRecovery.RunAsync(
                job,
                holdsState,
                _start,
                _parts.Options.WorkerId,
                _parts.Host.Options,
                _parts.Files,
                _parts.TemporaryFolder,
                _aborted.Token
            );
            span?.SetTag("cluster.source", recovered.Source.ToString()).SetTag("cluster.bytes", recovered.Bytes);
            return recovered;
        });
    }

    /// <summary>Steps 3 to 6, on the training thread. Null: the generation ended early, which has been reported.</summary>
    private FinalModel? TrainOrReport(
        TrainingJob job,
        TrainingLoop loop,
        CollectiveGroup group,
        TimeSpan recovery,
        RecoveredState recovered
    )
    {
        try
        {
            return Train(job, loop, group, recovery, recovered);
        }
        catch (CollectiveException e) when (!_aborted.IsCancellationRequested)
        {
            // Before the streams are closed: the next generation waits for this report.
            _problem = e.Failure.ToString();
            _reports.Failed(job.State.Progress.Step, e.Failure);
            return null;
        }
        finally
        {
            TrainingThread.End();
        }
    }

    private FinalModel? Train(TrainingJob job, TrainingLoop loop, CollectiveGroup group, TimeSpan recovery, RecoveredState recovered)
    {
        // 3.
        TrainingThread.Begin();
        var members = group.Connect(StateAgreement.Of(job, group.Plan));
        StateAgreement.Check(group, members);
        if (job.ShardsOptimizer)
        {
            // All have what they need.
            job.State.KeepMoments(ShareLayout.Of(job.State.Moments.Length, group.Plan).RangesOf(group.Plan.OwnRank));
        }
        _reports.Started(recovery, recovered);
        // 4. Where one member lacks the evaluation, all take part in it again: its outcome is the same.
        if (members.Any(member => member.EvaluationDue))
        {
            Evaluate(job, group);
            loop.AfterEvaluation();
        }
        var checkpointer = _loaded.Checkpointer!;
        while (!job.IsDone)
        {
            if (!MayBegin(job.State.Progress.Step + 1))
            {
                LeaveInOrder(group);
                return null;
            }

            // 5.
            var last = job.Rounds.Last(job.State.Progress.Step + 1);
            var result = _spans.BeginStep(last).During(() => loop.Step(checkpointer.IsDue));
            Report(result, job, group);
            if (result.Fault is { } fault)
            {
                _problem = $"{fault.Code}: {fault.Message}";
                _reports.JobFailed(result.Step, fault);
                LeaveInOrder(group);
                return null;
            }

            checkpointer.AfterStep(job, _reports, group.Plan, result.CheckpointAnnounced, loop.Commit);
            if (job.EvaluationIsDue)
            {
                Evaluate(job, group);
                loop.AfterEvaluation();
            }
        }

        // 6.
        TrainingThread.Enter(TrainingPhase.Finish);
        var model = FinalModel.Choose(job, group, _aborted.Token);
        LeaveInOrder(group);
        return model;
    }

    private bool MayBegin(long step)
    {
        lock (_boundary)
        {
            if (step > _finishStep)
            {
                return false;
            }
            _begun = step;
            return true;
        }
    }

    private void Report(StepResult result, TrainingJob job, CollectiveGroup group)
    {
        var (sent, received) = (group.Links.SentBytes, group.Links.ReceivedBytes);
        _loaded.Speed.Add(group.Plan.Own.Shards.Count * result.Steps, result.Compute);
        _reports.Step(
            result,
            job.TotalSteps,
            job.State.Progress.SkippedSteps,
            group.Plan,
            _loaded.Speed.ShardsPerSecond,
            sent - _sent,
            received - _received
        );
        (_sent, _received) = (sent, received);
        if (result.Skipped && group.Plan.OwnRank == 0)
        {
            var what = result.Steps == 1 ? $"Step {result.Step} was" : $"The round of {result.Steps} steps up to step {result.Step} was";
            _reports.Log("warning", $"{what} skipped: NaN or Inf from shard {string.Join(", ", result.NonFiniteShards)}.");
        }
    }

    private void Evaluate(TrainingJob job, CollectiveGroup group)
    {
        TrainingThread.Enter(TrainingPhase.Evaluate);
        var start = Stopwatch.GetTimestamp();
        var span = _spans.Begin("evaluation", job.State.Progress.Step);
        var scores = span.During(() =>
        {
            var run = Evaluation.Run(job, group, MailboxTopic.Evaluation, _aborted.Token);
            span?.SetTag("cluster.bleu", run.Bleu.Score);
            return run;
        });
        if (job.State.Progress.EvaluatedStep == job.State.Progress.Step)
        {
            return;
        }
        var after = job.State.Progress.AfterEvaluation(scores.Bleu.Score, job.Spec.Evaluation.Patience);
        job.State.ApplyEvaluation(after);
        if (group.Plan.OwnRank == 0)
        {
            _reports.Evaluated(after.Step, scores, Stopwatch.GetElapsedTime(start), after.BestStep == after.Step);
        }
    }

    /// <summary>
    /// Waits until no member needs anything more: who left before would cut the others off from what they still wait for. A member
    /// that breaks now does not matter any more.
    /// </summary>
    private static void LeaveInOrder(CollectiveGroup group)
    {
        try
        {
            group.Barrier();
        }
        catch (CollectiveException)
        {
            // All steps are done here.
        }
    }

    private async Task CompleteAsync(TrainingJob job, FinalModel model, bool store)
    {
        if (store)
        {
            await _spans
                .Begin("model", job.State.Progress.Step)
                .DuringAsync(async () =>
                {
                    await ModelStore.StoreAsync(job, model, _start, _parts, _reports, _aborted.Token);
                    return true;
                });
        }
        _reports.Completed(job.State.Progress.Step, model.Sha256, store);
    }

    /// <summary>What no other generation would do better.</summary>
    private static JobFault? FaultOf(Exception e) =>
        e switch
        {
            DatasetException => new JobFault("BAD_DATASET", e.Message),
            ArgumentException => new JobFault("BAD_SPECIFICATION", e.Message),
            OutOfMemoryException => new JobFault(
                "OUT_OF_MEMORY",
                "The worker's memory does not suffice: lower training.batch_tokens or raise training.logical_shards."
            ),
            _ when e.Message.Contains("not enough memory", StringComparison.Ordinal)
                    || e.Message.Contains("out of memory", StringComparison.Ordinal) => new JobFault(
                "OUT_OF_MEMORY",
                $"The worker's memory does not suffice ({e.Message}): lower training.batch_tokens or raise training.logical_shards."
            ),
            _ => null,
        };

    [LoggerMessage(EventId = 2201, Level = LogLevel.Error, Message = "Job {Job}, generation {Generation}, cannot go on: {Code}")]
    private static partial void LogFault(ILogger logger, Exception error, string job, long generation, string code);

    [LoggerMessage(EventId = 2202, Level = LogLevel.Error, Message = "Job {Job}, generation {Generation}, failed on this worker")]
    private static partial void LogException(ILogger logger, Exception error, string job, long generation);
}
