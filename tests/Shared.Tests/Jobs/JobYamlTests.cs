using TrainingCluster.Jobs;

namespace TrainingCluster.Tests.Jobs;

public class JobYamlTests
{
    private const string Good = """
        name: dates
        seed: 18446744073709551615
        suspend: true
        dataset:
          source: train.de.gz
          target: train.en.gz
        model:
          dModel: 128
          dropout: 1e-1
          sharedEmbeddings: false
        training:
          steps: 300
        """;

    [Fact]
    public void Parse_GoodFile_GivesItsFields()
    {
        var (spec, violations) = JobYaml.Parse(Good);

        Assert.Empty(violations);
        Assert.Equal(("dates", ulong.MaxValue, true), (spec.Name, spec.Seed, spec.Suspend));
        Assert.Equal(("train.de.gz", "train.en.gz"), (spec.Dataset.Source, spec.Dataset.Target));
        Assert.Equal((128, 0.1, false, false), (spec.Model.DModel, spec.Model.Dropout, spec.Model.SharedEmbeddings, spec.Model.HasHeads));
        Assert.Equal(300, spec.Training.Steps);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    public void Parse_NestedWithoutEnd_SaysSo(string level)
    {
        var (_, violations) = JobYaml.Parse(string.Concat(Enumerable.Repeat(level, 100_000)));

        Assert.Contains("nested more than", Assert.Single(violations).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_UnknownFieldsWrongTypesAndRanges_AreReportedAtOnceWithLines()
    {
        var (_, violations) = JobYaml.Parse(
            """
            nmae: dates
            dataset:
              source: a
              target: b
            model: transformer
            training:
              batch_tokens: 100
              steps: many
              logicalShards: 3
              learningRate:
              beta1: [0.9]
              beta2: "0.9"
            workers:
              min: 0
            """
        );

        Assert.Equal(
            [
                (1, "nmae"),
                (5, "model"),
                (7, "training.batch_tokens"),
                (8, "training.steps"),
                (9, "training.logicalShards"),
                (10, "training.learningRate"),
                (11, "training.beta1"),
                (12, "training.beta2"),
                (14, "workers.min"),
            ],
            violations.Select(v => (v.Line!.Value, v.Field))
        );
    }

    [Fact]
    public void Parse_MisspeltField_SuggestsTheNearest()
    {
        var violation = JobYaml.Parse("dataset: {source: a, target: b}\ntraining: {batch_tokens: 4096}").Violations.Single();
        Assert.Equal("line 2: training.batch_tokens: is no known field; did you mean batchTokens?", violation.ToString());
    }

    [Theory]
    [InlineData("model: {dModel: wide}", "model.dModel: 'wide' has the wrong type; write a whole number from 4 to 8192")]
    [InlineData("model: {norm: [pre]}", "model.norm: 'a list' has the wrong type; write one of: pre, post")]
    [InlineData("suspend: yes", "suspend: 'yes' has the wrong type; write true or false")]
    [InlineData(
        "training: {beta1: high}",
        "training.beta1: 'high' has the wrong type; write a number such as 0.1 or 1e-3, 0 or more and less than 1"
    )]
    public void Parse_WrongType_SaysWhatIsWanted(string text, string expected) =>
        Assert.Equal("line 2: " + expected, JobYaml.Parse("dataset: {source: a, target: b}\n" + text).Violations.Single().ToString());

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("---\n")]
    public void Parse_EmptyFile_SaysSo(string text) =>
        Assert.Contains("empty", Assert.Single(JobYaml.Parse(text).Violations).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData("name: a\nname: b\n", 2)]
    [InlineData("name: a\nseed: 1: 2\n", 2)]
    public void Parse_BrokenSyntax_NamesTheLine(string text, int line)
    {
        var violation = Assert.Single(JobYaml.Parse(text).Violations);
        Assert.Contains("YAML", violation.Problem, StringComparison.Ordinal);
        Assert.Equal(line, violation.Line);
    }

    [Theory]
    [InlineData("- a\n- b\n")]
    [InlineData("just text")]
    public void Parse_RootThatIsNoMapping_SaysSo(string text) =>
        Assert.Contains("mapping", Assert.Single(JobYaml.Parse(text).Violations).Problem, StringComparison.Ordinal);

    [Fact]
    public void Parse_MissingDataset_IsReported() => Assert.Equal("dataset", Assert.Single(JobYaml.Parse("name: x").Violations).Field);
}
