using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Training;

/// <summary>What one worker says about one generation of a job: all its reports have the same header.</summary>
internal sealed class Reports(JobHeader header, Action<WorkerReport> send)
{
    public void Joined(RendezvousJoined joined) => Send(new WorkerReport { Joined = joined });

    public void Stopped(long completedStep) => Send(new WorkerReport { Stopped = new TrainingStopped { CompletedStep = completedStep } });

    public void Started(TimeSpan stateRecovery, RecoveredState recovered) =>
        Send(
            new WorkerReport
            {
                Started = new GenerationStarted
                {
                    StateRecoveryMs = stateRecovery.TotalMilliseconds,
                    StateBytes = recovered.Bytes,
                    RecoverySource = recovered.Source,
                },
            }
        );

    public void Step(StepResult result, long totalSteps, long skipped, ProcessGroup plan, double shardsPerSecond, long sent, long received)
    {
        var report = new StepReport
        {
            Step = result.Step,
            Epoch = result.Epoch,
            TotalSteps = totalSteps,
            TargetTokens = result.Totals.TargetTokens,
            SourceTokens = result.Totals.SourceTokens,
            LossSum = result.Totals.Loss,
            LearningRate = result.LearningRate,
            GradientNorm = result.GradientNorm,
            ComputeMs = result.Compute.TotalMilliseconds,
            ExchangeMs = result.Exchange.TotalMilliseconds,
            UpdateMs = result.Update.TotalMilliseconds,
            StepMs = result.Total.TotalMilliseconds,
            SentBytes = sent,
            ReceivedBytes = received,
            FirstShard = plan.Own.Shards[0],
            ShardCount = plan.Own.Shards.Count,
            Skipped = result.Skipped,
            ShardsPerSecond = shardsPerSecond,
            SkippedSteps = skipped,
            Steps = result.Steps,
        };
        report.NonFiniteShards.AddRange(result.NonFiniteShards);
        Send(new WorkerReport { Step = report });
    }

    public void Evaluated(long step, EvaluationScores scores, TimeSpan took, bool best) =>
        Send(
            new WorkerReport
            {
                Evaluation = new EvaluationReport
                {
                    Step = step,
                    Bleu = scores.Bleu.Score,
                    BleuSignature = scores.Bleu.Signature,
                    Chrf = scores.ChrF,
                    Loss = scores.Loss,
                    ExactMatch = scores.ExactMatch,
                    Sentences = scores.Sentences,
                    Seconds = took.TotalSeconds,
                    Best = best,
                    SampleSource = scores.SampleSource,
                    SampleHypothesis = scores.SampleHypothesis,
                    SampleReference = scores.SampleReference,
                },
            }
        );

    public void Checkpoint(CheckpointReport report) => Send(new WorkerReport { Checkpoint = report });

    public void Log(string level, string text) =>
        Send(
            new WorkerReport
            {
                Log = new WorkerLog { Level = level, Text = text },
            }
        );

    public void Failed(long step, CollectiveFailure failure) => Failed(step, failure.Error.ToString(), failure.Message, failure.Suspects);

    public void Failed(long step, string stage, string message, IReadOnlyList<string>? suspects = null)
    {
        var report = new GenerationFailed
        {
            Step = step,
            Stage = stage,
            Message = message,
        };
        report.Suspects.AddRange(suspects ?? []);
        Send(new WorkerReport { Failed = report });
    }

    public void JobFailed(long step, JobFault fault) =>
        Send(
            new WorkerReport
            {
                JobFailed = new JobFailedOnWorker
                {
                    Step = step,
                    Code = fault.Code,
                    Message = fault.Message,
                },
            }
        );

    public void Completed(long step, string weightsSha256, bool stored) =>
        Send(
            new WorkerReport
            {
                Completed = new TrainingCompleted
                {
                    Step = step,
                    WeightsSha256 = weightsSha256,
                    ModelStored = stored,
                },
            }
        );

    private void Send(WorkerReport report)
    {
        report.Header = header;
        send(report);
    }
}
