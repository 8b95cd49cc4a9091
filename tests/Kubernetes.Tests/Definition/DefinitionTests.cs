using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Jobs;
using TrainingCluster.Kubernetes.Tests.ApiServer;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.Definition;

public sealed class DefinitionTests
{
    private const string Head = """
        # Made from protos/cluster/v1/spec.proto and its rules: CLUSTER_WRITE_DOCS=1 ./cluster test kubernetes -- -class '*DefinitionTests'

        """;

    private static readonly JsonObject s_schema = JsonNode.Parse(TrainingJobDefinition.Schema().ToJsonString())!.AsObject();

    [Fact]
    public void Definition_InTheRepository_IsWhatTheRulesSay() =>
        GeneratedDocument.Verify(Head + YamlText.Write(TrainingJobDefinition.Create()), "deploy", "k8s", "crd", "trainingjobs.yaml");

    [Fact]
    public void Yaml_ReadBack_IsTheSame() =>
        Assert.True(
            JsonNode.DeepEquals(
                YamlText.Parse(YamlText.Write(TrainingJobDefinition.Create())),
                JsonNode.Parse(TrainingJobDefinition.Create().ToJsonString())
            )
        );

    [Fact]
    public void Definition_ReadByTheClientsModel_HasNoFieldThatKubernetesDoesNotKnow()
    {
        var read = KubernetesYaml.Deserialize<V1CustomResourceDefinition>(YamlText.Write(TrainingJobDefinition.Create()), strict: true);
        Assert.Equal("tj", Assert.Single(read.Spec.Names.ShortNames));
        Assert.NotNull(Assert.Single(read.Spec.Versions).Subresources.Status);
    }

    [Fact]
    public void Schema_EverySetting_HasItsPlaceAndItsDefault()
    {
        foreach (
            var setting in JobSettings.All.Where(setting => setting.Path is not ("name" or "deadlineSeconds" or "ttlSecondsAfterFinished"))
        )
        {
            var schema = setting.Path.Split('.').Aggregate(s_schema["properties"]!["spec"]!, (at, name) => at["properties"]![name]!);
            Assert.NotEmpty((string?)schema["description"] ?? "");
            var hasDefault = setting.Default is not null && setting.Rules.DefaultUnless.Length == 0;
            Assert.True(hasDefault == (schema["default"] is not null), setting.Path);
        }
    }

    [Fact]
    public void Defaults_OfAnEmptySpecification_AreThoseOfTheCoordinator()
    {
        var item = Item(new JsonObject { ["dataset"] = new JsonObject { ["fingerprint"] = new string('a', 64) } });
        var read = TrainingJobSpecReader.Read(TrainingJob.Read(item));
        Assert.Empty(read.Violations);
        var expected = JobSpecDefaults.Fill(
            new JobSpec
            {
                Name = "job",
                Dataset = new() { Fingerprint = new string('a', 64) },
            }
        );
        Assert.Equal(expected, JobSpecDefaults.Fill(read.Job));
    }

    /// <summary>What the API server lets in, the coordinator can run; what the coordinator refuses, the API server has refused.</summary>
    [Fact]
    public void SchemaAndRules_RandomSpecifications_AgreeWithTheValidator()
    {
        var (valid, invalid) = (0, 0);
        for (var seed = 1; seed <= 1500; seed++)
        {
            var spec = Specification(new Random(seed));
            var item = Item(spec);
            var problems = StructuralSchema.Validate(s_schema, item, null);
            var violations = TrainingJobSpecReader.Read(TrainingJob.Read(item)).Violations;
            Assert.True(
                problems.Count == 0 == (violations.Count == 0),
                $"seed {seed}: {spec}\nAPI server: {string.Join("; ", problems)}\ncoordinator: {string.Join("; ", violations)}"
            );
            _ = problems.Count == 0 ? valid++ : invalid++;
        }
        Assert.True(valid > 50 && invalid > 100, $"{valid} valid, {invalid} invalid");
    }

    [Theory]
    [InlineData("model", """{"dModel":512}""", "model cannot change")]
    [InlineData("seed", "7", "seed cannot change")]
    [InlineData("training", """{"steps":10}""", "training cannot change")]
    [InlineData("activeDeadlineSeconds", "60", "activeDeadlineSeconds cannot change")]
    [InlineData("managedBy", "\"kueue.x-k8s.io/multikueue\"", "managedBy cannot change")]
    [InlineData("priority", "5", null)]
    [InlineData("suspend", "true", null)]
    [InlineData("ttlSecondsAfterFinished", "60", null)]
    [InlineData("workers", """{"max":2}""", null)]
    [InlineData("workers", """{"min":2}""", "workers.min cannot change")]
    public void Rules_ChangeOfAnObject_LetThroughWhatAJobCanFollow(string field, string value, string? refused)
    {
        var spec = new JsonObject { ["dataset"] = new JsonObject { ["fingerprint"] = new string('a', 64) } };
        var before = Item(spec.DeepClone().AsObject());
        spec[field] = JsonNode.Parse(value);
        var problems = StructuralSchema.Validate(s_schema, Item(spec), before);
        if (refused is null)
        {
            Assert.Empty(problems);
        }
        else
        {
            Assert.Contains(problems, problem => problem.Message.Contains(refused, StringComparison.Ordinal));
        }
    }

    private static JsonObject Item(JsonObject spec)
    {
        var item = new JsonObject
        {
            ["apiVersion"] = TrainingJobNames.ApiVersion,
            ["kind"] = TrainingJobNames.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = "job",
                ["namespace"] = "default",
                ["uid"] = "u",
                ["resourceVersion"] = "1",
            },
            ["spec"] = spec,
        };
        StructuralSchema.Default(s_schema, item);
        return item;
    }

    private static JsonObject Specification(Random random)
    {
        var spec = new JsonObject();
        foreach (var setting in JobSettings.All.Where(s => s.Path is not ("name" or "deadlineSeconds" or "ttlSecondsAfterFinished")))
        {
            if (setting.Path.StartsWith("dataset.", StringComparison.Ordinal) || random.Next(12) > 0)
            {
                continue;
            }
            Set(spec, setting.Path, Value(setting, random));
        }
        var dataset = (spec["dataset"] ??= new JsonObject()).AsObject();
        if (random.Next(3) > 0)
        {
            dataset["fingerprint"] = new string('b', 64);
        }
        foreach (var file in (string[])["source", "target", "validSource", "validTarget"])
        {
            if (random.Next(random.Next(2) == 0 ? 10 : 2) == 0)
            {
                dataset[file] = file;
            }
        }
        if (random.Next(4) == 0)
        {
            dataset["configMap"] = new JsonObject { ["name"] = "text" };
        }
        return spec;
    }

    private static JsonNode Value(JobSetting setting, Random random)
    {
        var rules = setting.Rules;
        if (rules.OneOf.Count > 0)
        {
            return random.Next(20) == 0 ? "other" : rules.OneOf[random.Next(rules.OneOf.Count)];
        }
        return setting.Default switch
        {
            bool => random.Next(2) == 0,
            string => "text",
            double => random.Next(20) == 0 ? rules.Max + 1 : rules.Min + ((rules.Max - rules.Min) * 0.5),
            _ => random.Next(20) == 0 ? (long)rules.Min - 1
            : random.Next(2) == 0 ? random.Next(1, 12)
            : 1L << random.Next(12),
        };
    }

    private static void Set(JsonObject spec, string path, JsonNode value)
    {
        var parts = path.Split('.');
        var at = spec;
        foreach (var part in parts[..^1])
        {
            at = (at[part] ??= new JsonObject()).AsObject();
        }
        at[parts[^1]] = value;
    }
}
