using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Tests.Jobs;

public class JobSpecValidatorTests
{
    private static JobSpec Good() =>
        new()
        {
            Dataset = new() { Source = "a.de", Target = "a.en" },
        };

    [Fact]
    public void Validate_DefaultsWithADataset_FindsNothing() => Assert.Empty(JobSpecValidator.Validate(Good()));

    public static TheoryData<string, Action<JobSpec>> OutOfRange =>
        new()
        {
            { "name", s => s.Name = "Ärger" },
            { "name", s => s.Name = new string('a', 64) },
            { "deadlineSeconds", s => s.DeadlineSeconds = -1 },
            { "retryLimit", s => s.RetryLimit = -1 },
            { "priority", s => s.Priority = 1001 },
            { "priority", s => s.Priority = -1001 },
            { "dataset", s => s.Dataset = new() },
            { "dataset.fingerprint", s => s.Dataset.Fingerprint = "ABC" },
            { "dataset.target", s => s.Dataset.ClearTarget() },
            { "dataset.validSource", s => s.Dataset.ValidTarget = "v.en" },
            { "dataset.source", s => s.Dataset.Source = "" },
            { "dataset.vocabularySize", s => s.Dataset.VocabularySize = 259 },
            { "dataset.vocabularySize", s => s.Dataset.VocabularySize = 65_536 },
            { "dataset.maxTokens", s => s.Dataset.MaxTokens = 3 },
            { "model.kind", s => s.Model = new() { Kind = "rnn" } },
            { "model.heads", s => s.Model = new() { DModel = 256, Heads = 3 } },
            {
                "model.heads",
                s =>
                    s.Model = new()
                    {
                        DModel = 12,
                        Heads = 4,
                        Positions = "rotary",
                    }
            },
            { "model.dModel", s => s.Model = new() { DModel = 15, Heads = 3 } },
            { "model.dropout", s => s.Model = new() { Dropout = 1 } },
            { "model.dropout", s => s.Model = new() { Dropout = double.NaN } },
            { "training.epochs", s => s.Training = new() { Epochs = 1, Steps = 1 } },
            { "training.steps", s => s.Training = new() { Steps = 0 } },
            { "training.logicalShards", s => s.Training = new() { LogicalShards = 6 } },
            { "training.logicalShards", s => s.Training = new() { LogicalShards = 0 } },
            { "training.logicalShards", s => s.Training = new() { LogicalShards = 2048 } },
            { "training.batchTokens", s => s.Training = new() { BatchTokens = 127 } },
            { "training.batchTokens", s => s.Training = new() { BatchTokens = (1 << 27) + 1 } },
            { "training.learningRate", s => s.Training = new() { LearningRate = 0 } },
            { "training.beta2", s => s.Training = new() { Beta2 = 1 } },
            { "training.epsilon", s => s.Training = new() { Epsilon = 0 } },
            { "training.clipNorm", s => s.Training = new() { ClipNorm = -0.1 } },
            { "training.computeThreads", s => s.Training = new() { ComputeThreads = 0 } },
            { "evaluation.everySteps", s => s.Evaluation = new() { EverySteps = -2 } },
            { "evaluation.patience", s => s.Evaluation = new() { EverySteps = -1, Patience = 3 } },
            { "evaluation.finalModel", s => s.Evaluation = new() { FinalModel = "worst" } },
            { "checkpoint.keepLatest", s => s.Checkpoint = new() { KeepLatest = 0 } },
            { "workers.min", s => s.Workers = new() { Min = 0 } },
            { "workers.max", s => s.Workers = new() { Min = 3, Max = 2 } },
            { "workers.max", s => s.Workers = new() { Max = 9 } },
        };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void Validate_OneBadSetting_NamesItAndTheMend(string field, Action<JobSpec> spoil)
    {
        var spec = Good();
        spoil(spec);

        var violation = Assert.Single(JobSpecValidator.Validate(spec));

        Assert.Equal(field, violation.Field);
        Assert.NotEmpty(violation.Problem);
        Assert.NotEmpty(violation.Fix);
    }

    public static TheoryData<string, Action<JobSpec>> Texts =>
        new()
        {
            { "dataset.vocabularySize: '259' is out of range; use 260 to 65535", s => s.Dataset.VocabularySize = 259 },
            {
                "name: 'Ärger' is no job name; use 1 to 63 characters of a-z, 0-9 and '-', a letter or digit first and last",
                s => s.Name = "Ärger"
            },
            { "model.kind: 'rnn' is no known choice; use one of: transformer, recurrent-attention", s => s.Model = new() { Kind = "rnn" } },
            { "model.dropout: 'NaN' is out of range; use 0 or more and less than 1", s => s.Model = new() { Dropout = double.NaN } },
            {
                "training.learningRate: '0' is out of range; use more than 0, at most 10; 0.001 is usual",
                s => s.Training = new() { LearningRate = 0 }
            },
            {
                "training.logicalShards: '6' is no power of two from 1 to 1024; use a power of two in this range; 8 is usual",
                s => s.Training = new() { LogicalShards = 6 }
            },
            {
                "training.batchTokens: '127' is out of range; use 128 (16 tokens a logical shard) or more",
                s => s.Training = new() { BatchTokens = 127 }
            },
            { "training.clipNorm: '-0.1' is out of range; use 0 to 1000000000", s => s.Training = new() { ClipNorm = -0.1 } },
        };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Validate_OneBadSetting_ReadsAsASentenceForPeople(string expected, Action<JobSpec> spoil)
    {
        var spec = Good();
        spoil(spec);
        Assert.Equal(expected, Assert.Single(JobSpecValidator.Validate(spec)).ToString());
    }

    [Fact]
    public void Validate_SettingsOfDiLoCo_NeedDiLoCo()
    {
        var spec = Good();
        spec.Training = new() { InnerSteps = 50, OuterMomentum = 0.9 };
        Assert.Equal(
            [
                "training.innerSteps: '50' has no meaning with training.synchronization all-reduce; "
                    + "set synchronization to diloco, or leave this out",
                "training.outerMomentum: '0.9' has no meaning with training.synchronization all-reduce; "
                    + "set synchronization to diloco, or leave this out",
            ],
            JobSpecValidator.Validate(spec).Select(violation => violation.ToString())
        );
        spec.Training.Synchronization = "diloco";
        Assert.Empty(JobSpecValidator.Validate(spec));
        spec.Training.MaxInnerSteps = 49;
        Assert.Equal(
            "training.maxInnerSteps: '49' is less than training.innerSteps, 50; use more, or 0 for rounds of equal length",
            Assert.Single(JobSpecValidator.Validate(spec)).ToString()
        );
        spec.Training.MaxInnerSteps = 50;
        spec.Training.OptimizerSharding = true;
        Assert.Equal("training.optimizerSharding", Assert.Single(JobSpecValidator.Validate(spec)).Field);
        spec.Training.OptimizerSharding = false;
        spec.Training.Synchronization = "gossip";
        Assert.Equal("training.synchronization", Assert.Single(JobSpecValidator.Validate(spec)).Field);
        // What a coordinator gives back has every field.
        Assert.Empty(JobSpecValidator.Validate(JobSpecDefaults.Fill(Good())));
    }

    [Fact]
    public void Validate_BoundariesOfRanges_AreAllowed()
    {
        var spec = Good();
        spec.Name = new string('a', 63);
        spec.Model = new()
        {
            DModel = 4,
            Heads = 1,
            Dropout = 0,
            AttentionDropout = 0.999,
        };
        spec.Training = new()
        {
            Steps = 1_000_000_000,
            LogicalShards = 1,
            BatchTokens = 16,
            LearningRate = 10,
            Epsilon = 1,
            WeightDecay = 1,
        };
        spec.Workers = new() { Min = 1, Max = 1 };
        Assert.Empty(JobSpecValidator.Validate(spec));
    }

    [Fact]
    public void Validate_SeveralBadSettings_AreReportedAtOnce()
    {
        var spec = Good();
        spec.Training = new()
        {
            LogicalShards = 3,
            Schedule = "steps",
            Beta1 = 2,
        };
        Assert.Equal(
            ["training.logicalShards", "training.schedule", "training.beta1"],
            JobSpecValidator.Validate(spec).Select(v => v.Field).Where(f => f.StartsWith("training", StringComparison.Ordinal))
        );
    }
}
