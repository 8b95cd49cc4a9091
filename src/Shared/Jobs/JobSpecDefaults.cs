using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>The defaults of a job specification, as spec.proto names them beside each field.</summary>
public static class JobSpecDefaults
{
    /// <summary>A copy of <paramref name="spec"/> with every field that was left out filled in.</summary>
    /// <remarks>
    /// Of <c>training.steps</c> and <c>training.epochs</c> only one is set: what the specification says, else 10 epochs.
    /// The dataset's file names and fingerprint have no default.
    /// </remarks>
    public static JobSpec Fill(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var filled = spec.Clone();
        if (!filled.HasName)
        {
            filled.Name = "job";
        }
        if (!filled.HasSeed)
        {
            filled.Seed = 1;
        }
        if (!filled.HasSuspend)
        {
            filled.Suspend = false;
        }
        if (!filled.HasDeadlineSeconds)
        {
            filled.DeadlineSeconds = 0;
        }
        if (!filled.HasTtlSecondsAfterFinished)
        {
            filled.TtlSecondsAfterFinished = 0;
        }
        if (!filled.HasRetryLimit)
        {
            filled.RetryLimit = 6;
        }
        Fill(filled.Dataset ??= new DatasetSpec());
        Fill(filled.Model ??= new ModelSpec());
        Fill(filled.Training ??= new TrainingSpec());
        Fill(filled.Evaluation ??= new EvaluationSpec());
        Fill(filled.Checkpoint ??= new CheckpointSpec());
        Fill(filled.Workers ??= new WorkersSpec(), filled.Training.LogicalShards);
        return filled;
    }

    private static void Fill(DatasetSpec dataset)
    {
        if (!dataset.HasVocabularySize)
        {
            dataset.VocabularySize = 6000;
        }
        if (!dataset.HasMaxTokens)
        {
            dataset.MaxTokens = 256;
        }
    }

    private static void Fill(ModelSpec model)
    {
        if (!model.HasKind)
        {
            model.Kind = "transformer";
        }
        if (!model.HasDModel)
        {
            model.DModel = 256;
        }
        if (!model.HasHeads)
        {
            model.Heads = 4;
        }
        if (!model.HasLayers)
        {
            model.Layers = 3;
        }
        if (!model.HasFeedForward)
        {
            model.FeedForward = 1024;
        }
        if (!model.HasDropout)
        {
            model.Dropout = 0.1;
        }
        if (!model.HasAttentionDropout)
        {
            model.AttentionDropout = 0;
        }
        if (!model.HasNorm)
        {
            model.Norm = "pre";
        }
        if (!model.HasSharedEmbeddings)
        {
            model.SharedEmbeddings = true;
        }
        if (!model.HasPositions)
        {
            model.Positions = "sinusoidal";
        }
        if (!model.HasCell)
        {
            model.Cell = "gru";
        }
        if (!model.HasScore)
        {
            model.Score = "additive";
        }
    }

    private static void Fill(TrainingSpec training)
    {
        if (!training.HasSteps && !training.HasEpochs)
        {
            training.Epochs = 10;
        }
        if (!training.HasLogicalShards)
        {
            training.LogicalShards = 8;
        }
        if (!training.HasBatchTokens)
        {
            training.BatchTokens = 8192;
        }
        if (!training.HasSchedule)
        {
            training.Schedule = "inverse-sqrt";
        }
        if (!training.HasLearningRate)
        {
            training.LearningRate = 1e-3;
        }
        if (!training.HasWarmupSteps)
        {
            training.WarmupSteps = 400;
        }
        if (!training.HasBeta1)
        {
            training.Beta1 = 0.9;
        }
        if (!training.HasBeta2)
        {
            training.Beta2 = 0.98;
        }
        if (!training.HasEpsilon)
        {
            training.Epsilon = 1e-9;
        }
        if (!training.HasWeightDecay)
        {
            training.WeightDecay = 0;
        }
        if (!training.HasClipNorm)
        {
            training.ClipNorm = 1;
        }
        if (!training.HasLabelSmoothing)
        {
            training.LabelSmoothing = 0.1;
        }
        if (!training.HasComputeThreads)
        {
            training.ComputeThreads = 1;
        }
        if (!training.HasAverageLastCheckpoints)
        {
            training.AverageLastCheckpoints = 0;
        }
        if (!training.HasAverageBestCheckpoints)
        {
            training.AverageBestCheckpoints = 0;
        }
        if (!training.HasBpeDropout)
        {
            training.BpeDropout = 0;
        }
        if (!training.HasMaxSkippedSteps)
        {
            training.MaxSkippedSteps = 5;
        }
        if (!training.HasPrecision)
        {
            training.Precision = "float32";
        }
    }

    private static void Fill(EvaluationSpec evaluation)
    {
        if (!evaluation.HasEverySteps)
        {
            evaluation.EverySteps = 0;
        }
        if (!evaluation.HasPatience)
        {
            evaluation.Patience = 0;
        }
        if (!evaluation.HasBeam)
        {
            evaluation.Beam = 1;
        }
        if (!evaluation.HasMaxSentences)
        {
            evaluation.MaxSentences = 0;
        }
        if (!evaluation.HasFinalModel)
        {
            evaluation.FinalModel = "best";
        }
    }

    private static void Fill(CheckpointSpec checkpoint)
    {
        if (!checkpoint.HasEverySteps)
        {
            checkpoint.EverySteps = 0;
        }
        if (!checkpoint.HasEverySeconds)
        {
            checkpoint.EverySeconds = 300;
        }
        if (!checkpoint.HasKeepLatest)
        {
            checkpoint.KeepLatest = 2;
        }
        if (!checkpoint.HasSharded)
        {
            checkpoint.Sharded = false;
        }
    }

    private static void Fill(WorkersSpec workers, int logicalShards)
    {
        if (!workers.HasMin)
        {
            workers.Min = 1;
        }
        if (!workers.HasMax)
        {
            workers.Max = logicalShards;
        }
    }
}
