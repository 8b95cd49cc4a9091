using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Training;

/// <summary>The messages of control.proto that one worker sends in one generation.</summary>
internal sealed class Reports(string jobId, long generation, string workerId, Action<Google.Protobuf.IMessage> send)
{
    public void Started(TimeSpan stateRecovery, long stateBytes) =>
        send(
            new GenerationStarted
            {
                JobId = jobId,
                Generation = generation,
                WorkerId = workerId,
                StateRecoveryMs = stateRecovery.TotalMilliseconds,
                StateBytes = stateBytes,
            }
        );

    public void Step(StepResult result, long totalSteps, long skipped, ProcessGroup plan, double shardsPerSecond, long sent, long received)
    {
        var report = new StepReport
        {
            JobId = jobId,
            Generation = generation,
            WorkerId = workerId,
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
        };
        report.NonFiniteShards.AddRange(result.NonFiniteShards);
        send(report);
    }

    public void Evaluated(long step, EvaluationScores scores, TimeSpan took, bool best) =>
        send(
            new EvaluationReport
            {
                JobId = jobId,
                Generation = generation,
                WorkerId = workerId,
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
            }
        );

    public void Checkpoint(CheckpointReport report) => send(report);

    public void Log(string level, string text) =>
        send(
            new WorkerLog
            {
                JobId = jobId,
                Generation = generation,
                WorkerId = workerId,
                Level = level,
                Text = text,
            }
        );

    public void Failed(long step, CollectiveFailure failure) => Failed(step, failure.Error.ToString(), failure.Message, failure.Suspects);

    public void Failed(long step, string stage, string message, IReadOnlyList<string>? suspects = null)
    {
        var report = new GenerationFailed
        {
            JobId = jobId,
            Generation = generation,
            WorkerId = workerId,
            Step = step,
            Stage = stage,
            Message = message,
        };
        report.Suspects.AddRange(suspects ?? []);
        send(report);
    }

    public void JobFailed(long step, JobFault fault) =>
        send(
            new JobFailedOnWorker
            {
                JobId = jobId,
                Generation = generation,
                WorkerId = workerId,
                Step = step,
                Code = fault.Code,
                Message = fault.Message,
            }
        );

    public void Completed(long step, string weightsSha256, bool stored) =>
        send(
            new TrainingCompleted
            {
                JobId = jobId,
                Generation = generation,
                WorkerId = workerId,
                Step = step,
                WeightsSha256 = weightsSha256,
                ModelStored = stored,
            }
        );
}
