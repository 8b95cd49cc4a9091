using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>How far a job has come, from its workers' reports.</summary>
public sealed record Progress
{
    /// <summary>Newest step that was reported done.</summary>
    public long Step { get; init; }

    /// <summary>Steps in all; 0: not known yet.</summary>
    public long TotalSteps { get; init; }

    /// <summary>Epoch of the newest step.</summary>
    public int Epoch { get; init; }

    /// <summary>Nats a target token of the newest step.</summary>
    public double Loss { get; init; }

    /// <summary>Of the newest step.</summary>
    public double LearningRate { get; init; }

    /// <summary>Source and target tokens a second, smoothed.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Seconds a step, smoothed.</summary>
    public double StepSeconds { get; init; }

    /// <summary>Steps skipped for NaN or Inf.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>Greatest BLEU so far.</summary>
    public double BestBleu { get; init; }

    /// <summary>The step it was measured at.</summary>
    public long BestStep { get; init; }

    /// <summary>Newest BLEU.</summary>
    public double LastBleu { get; init; }

    /// <summary>The step of the newest evaluation; 0: none yet. An evaluation that is reported or done again has the same scores.</summary>
    public long EvaluatedStep { get; init; }

    private double RemainingSeconds => TotalSteps > Step ? (TotalSteps - Step) * StepSeconds : 0;

    // Smoothing over some ten steps: steady enough to read, quick enough to follow a change of workers.
    private const double Weight = 0.1;

    /// <summary>With the report of a step. A step already known changes nothing.</summary>
    public Progress With(StepReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Step <= Step)
        {
            return this;
        }
        var took = report.StepMs / 1000;
        var rate = took > 0 ? (report.SourceTokens + report.TargetTokens) / took : 0;
        var seconds = took / Math.Max(1, report.Steps);
        var first = StepSeconds == 0;
        return this with
        {
            Step = report.Step,
            TotalSteps = report.TotalSteps,
            Epoch = report.Epoch,
            Loss = report.TargetTokens > 0 ? report.LossSum / report.TargetTokens : 0,
            LearningRate = report.LearningRate,
            StepSeconds = first ? seconds : StepSeconds + Weight * (seconds - StepSeconds),
            TokensPerSecond = first ? rate : TokensPerSecond + Weight * (rate - TokensPerSecond),
            SkippedSteps = report.SkippedSteps,
        };
    }

    /// <summary>With a score.</summary>
    public Progress With(EvaluationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return this with
        {
            EvaluatedStep = report.Step,
            LastBleu = report.Bleu,
            BestBleu = report.Best ? report.Bleu : BestBleu,
            BestStep = report.Best ? report.Step : BestStep,
        };
    }

    /// <summary>As clients see it.</summary>
    public JobProgress ToProto(long generation, int workers) =>
        new()
        {
            Step = Step,
            TotalStepCount = TotalSteps,
            Epoch = Epoch,
            Generation = generation,
            WorkerCount = workers,
            Loss = Loss,
            TokensPerSecond = TokensPerSecond,
            LearningRate = LearningRate,
            BestBleu = BestBleu,
            BestStep = BestStep,
            LastBleu = LastBleu,
            SkippedStepCount = SkippedSteps,
            RemainingDuration = RemainingSeconds > 0 ? ProtoDurations.OfSeconds(RemainingSeconds) : null,
            EvaluatedStep = EvaluatedStep,
        };

    /// <summary>Back from what was stored.</summary>
    public static Progress FromProto(JobProgress? stored) =>
        stored is null
            ? new()
            : new()
            {
                Step = stored.Step,
                TotalSteps = stored.TotalStepCount,
                Epoch = stored.Epoch,
                Loss = stored.Loss,
                LearningRate = stored.LearningRate,
                TokensPerSecond = stored.TokensPerSecond,
                StepSeconds =
                    stored is { RemainingDuration: { } left } && stored.TotalStepCount > stored.Step
                        ? left.ToTimeSpan().TotalSeconds / (stored.TotalStepCount - stored.Step)
                        : 0,
                BestBleu = stored.BestBleu,
                BestStep = stored.BestStep,
                LastBleu = stored.LastBleu,
                SkippedSteps = stored.SkippedStepCount,
                EvaluatedStep = stored.EvaluatedStep,
            };
}
