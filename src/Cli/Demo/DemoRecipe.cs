using TrainingCluster.V1;

namespace TrainingCluster.Cli.Demo;

/// <summary>The job of the demonstration: small enough for a minute on two old cores, large enough to be exact.</summary>
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
                Steps = 400,
                LogicalShards = 4,
                BatchTokens = 2048,
                Schedule = "cosine",
                LearningRate = 4e-3,
                WarmupSteps = 100,
                LabelSmoothing = 0,
            },
            Evaluation = new EvaluationSpec { EverySteps = 100 },
        };
}
