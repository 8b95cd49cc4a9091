using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos;

/// <summary>The job that is trained while things break: the dates task with a small model and everything random switched on.</summary>
public static class ChaosRecipe
{
    /// <summary>V: at most so many workers take part.</summary>
    public const int LogicalShards = 8;

    /// <summary>The job.</summary>
    /// <param name="seed">Of the job and its text.</param>
    /// <param name="steps">How long it is.</param>
    /// <param name="innerSteps">DiLoCo with rounds of so many steps; 0: gradients are exchanged in every step.</param>
    public static JobSpec Create(ulong seed, long steps, int innerSteps = 0)
    {
        var spec = EveryStep(seed, steps);
        if (innerSteps > 0)
        {
            (spec.Training.Synchronization, spec.Training.InnerSteps) = (Rounds.DiLoCo, innerSteps);
        }
        return spec;
    }

    private static JobSpec EveryStep(ulong seed, long steps) =>
        new()
        {
            Name = "chaos",
            Seed = seed,
            Dataset = new DatasetSpec { VocabularySize = 320, MaxTokens = 64 },
            Model = new ModelSpec
            {
                DModel = 64,
                Heads = 4,
                Layers = 1,
                FeedForward = 128,
                Dropout = 0.1,
            },
            Training = new TrainingSpec
            {
                Steps = steps,
                LogicalShards = LogicalShards,
                BatchTokens = 2048,
                LearningRate = 3e-3,
                WarmupSteps = 50,
                BpeDropout = 0.1,
            },
            // The last weights, not the best: their hash speaks for every step.
            Evaluation = new EvaluationSpec
            {
                EverySteps = 150,
                MaxSentences = 40,
                FinalModel = "last",
            },
            Checkpoint = new CheckpointSpec { EverySteps = CheckpointEvery },
        };

    /// <summary>Steps between two checkpoints.</summary>
    public const int CheckpointEvery = 40;
}
