using TrainingCluster.V1;

namespace TrainingCluster.Cli.Demo;

/// <summary>The job of the demonstration: small enough for half a minute on two old cores, large enough to be exact.</summary>
public static class DemoRecipe
{
    /// <summary>Dates in English, German and Chinese into ISO dates.</summary>
    public static JobSpec Create(ulong seed) =>
        new()
        {
            Name = "dates",
            Seed = seed,
            Dataset = new DatasetSpec { VocabularySize = 400, MaxTokens = 64 },
            Model = new ModelSpec
            {
                DModel = 64,
                Heads = 4,
                Layers = 2,
                FeedForward = 256,
                Dropout = 0,
                Positions = "rotary",
            },
            Training = new TrainingSpec
            {
                Steps = 480,
                LogicalShards = 4,
                BatchTokens = 1536,
                Schedule = "cosine",
                LearningRate = 5e-3,
                WarmupSteps = 120,
                LabelSmoothing = 0,
            },
            Evaluation = new EvaluationSpec { EverySteps = 120 },
        };
}
