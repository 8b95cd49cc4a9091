using System.Text;
using Google.Protobuf.Reflection;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Tokenization;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;

namespace TrainingCluster.Tests.Jobs;

/// <summary>The rules beside the fields of spec.proto: whole in themselves, kept by the models and data, and written down.</summary>
public class JobSettingsTests
{
    public static TheoryData<string> Paths => [.. JobSettings.All.Select(setting => setting.Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Rules_OfEverySetting_AreWhole(string path)
    {
        var setting = JobSettings.At(path);
        var rules = setting.Rules;
        Assert.NotEmpty(rules.Help);
        Assert.EndsWith(".", rules.Help);
        Assert.Equal(rules.Pattern.Length > 0, rules.Form.Length > 0);
        Assert.Equal(rules.HasMin, rules.HasMax);
        if (setting.Type is FieldType.Int32 or FieldType.Int64 or FieldType.Double)
        {
            Assert.True(rules.HasMin, "a number has a range");
        }
        if (rules.Default.Length > 0)
        {
            Assert.NotNull(setting.Default);
            Assert.Equal(rules.Default, setting.Type == FieldType.Double ? rules.Default : SettingText.Format(setting.Default));
            var spec = new JobSpec();
            setting.Set(spec, setting.Default);
            Assert.Equal(setting.Default, setting.ValueIn(spec));
            Assert.Null(setting.Check(spec));
        }
        foreach (var other in new[] { rules.DefaultFrom, rules.DefaultUnless }.Where(other => other.Length > 0))
        {
            Assert.True(JobSettings.All.ToList().IndexOf(JobSettings.At(other)) < JobSettings.All.ToList().IndexOf(setting));
        }
    }

    [Fact]
    public void At_AnotherPath_Throws() => Assert.Throws<ArgumentException>(() => JobSettings.At("training.stps"));

    [Fact]
    public void Rules_OfTheDataset_AreThoseThatItIsBuiltBy()
    {
        var options = new DatasetOptions { Train = new ParallelText("a", "b") };
        var (vocabulary, tokens) = (JobSettings.At("dataset.vocabularySize"), JobSettings.At("dataset.maxTokens"));
        Assert.Equal(
            (BpeTokenizer.MinimumVocabularySize, DatasetOptions.GreatestVocabularySize, options.VocabularySize),
            ((int)vocabulary.Rules.Min, (int)vocabulary.Rules.Max, vocabulary.Default)
        );
        Assert.Equal(
            (DatasetOptions.LeastMaxTokens, DatasetOptions.GreatestMaxTokens, options.MaxTokens),
            ((int)tokens.Rules.Min, (int)tokens.Rules.Max, tokens.Default)
        );
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void Defaults_OfTheModel_AreThoseThatItIsBuiltWith(string kind)
    {
        var filled = JobSpecDefaults.Fill(new JobSpec { Model = new ModelSpec { Kind = kind } });
        Assert.Equal(new ModelSpec { Kind = kind }.ToOptions(), filled.Model.ToOptions());
    }

    [Fact]
    public void Choices_OfTheModel_AreAllKnownToIt()
    {
        foreach (var setting in JobSettings.All.Where(setting => setting.Path.StartsWith("model.", StringComparison.Ordinal)))
        {
            foreach (var choice in setting.Rules.OneOf)
            {
                foreach (var kind in JobSettings.At("model.kind").Rules.OneOf)
                {
                    var spec = new JobSpec { Model = new ModelSpec { Kind = kind } };
                    setting.Set(spec, choice);
                    Assert.IsAssignableFrom<ModelOptions>(spec.Model.ToOptions());
                }
            }
        }
    }

    [Fact]
    public void Rules_OfTheBeam_AreThoseOfTheSearch() =>
        Assert.Equal(
            (SearchOptions.GreatestBeam, new SearchOptions().Beam),
            ((int)JobSettings.At("evaluation.beam").Rules.Max, JobSettings.At("evaluation.beam").Default)
        );

    [Fact]
    public void Reference_InTheDocuments_IsWhatTheRulesSay() => GeneratedDocument.Verify(Reference(), "docs", "job-specification.md");

    private static string Reference()
    {
        var text = new StringBuilder(
            """
            # Job specification

            All settings of a job, as a job file (`job.yaml`) writes them.
            Made from the rules in [spec.proto](../protos/cluster/v1/spec.proto).
            A setting that is left out takes its default.
            Unknown names, wrong types and values out of range are refused, all at once, with their lines.


            """
        );
        Table(text, "Job", "", JobSpec.Descriptor);
        foreach (var group in JobSpec.Descriptor.Fields.InDeclarationOrder().Where(field => field.FieldType == FieldType.Message))
        {
            Table(text, group.JsonName, JobSettings.RulesOf(group).Help, group.MessageType);
        }
        return text.ToString().TrimEnd('\n') + "\n";
    }

    private static void Table(StringBuilder text, string title, string help, MessageDescriptor message)
    {
        text.Append($"## {title}\n");
        text.Append(help.Length > 0 ? $"{help}\n\n" : "");
        text.Append("| setting | values | default | what it is |\n|---|---|---|---|\n");
        foreach (var field in message.Fields.InDeclarationOrder().Where(field => field.FieldType != FieldType.Message))
        {
            var rules = JobSettings.RulesOf(field);
            var values = rules.Values() is { Length: > 0 } range ? range : TypeOf(field.FieldType, rules);
            var unit = rules.Unit.Length > 0 ? $" {rules.Unit}" : "";
            var missing = rules.DefaultText() is { Length: > 0 } known ? $"{known}{unit}" : "none";
            text.Append($"| `{field.JsonName}` | {values}{unit} | {missing} | {rules.Help} |\n");
        }
        text.Append('\n');
    }

    private static string TypeOf(FieldType type, FieldRules rules) =>
        type switch
        {
            FieldType.Bool => "true, false",
            FieldType.UInt64 => "a whole number from 0",
            _ => rules.Form.Length > 0 ? rules.Form : "text",
        };
}
