using System.Globalization;
using System.Text.Json.Nodes;
using TrainingCluster.Jobs;

namespace TrainingCluster.Coordinator.Kubernetes.Definition;

/// <summary>
/// The CustomResourceDefinition of a TrainingJob, made from the rules beside the fields of spec.proto: types, ranges, choices, defaults
/// and help. Relations between fields stand in <see cref="TrainingJobRules"/>.
/// </summary>
public static class TrainingJobDefinition
{
    /// <summary>Settings that Kubernetes has another word for, or none: they stand elsewhere in the object.</summary>
    private static readonly string[] s_elsewhere = ["name", "deadlineSeconds", "ttlSecondsAfterFinished"];

    /// <summary>The whole definition.</summary>
    public static JsonObject Create() =>
        new()
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"{TrainingJobNames.Plural}.{TrainingJobNames.Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = TrainingJobNames.Group,
                ["scope"] = "Namespaced",
                ["names"] = new JsonObject
                {
                    ["kind"] = TrainingJobNames.Kind,
                    ["listKind"] = $"{TrainingJobNames.Kind}List",
                    ["plural"] = TrainingJobNames.Plural,
                    ["singular"] = "trainingjob",
                    ["shortNames"] = new JsonArray("tj"),
                    ["categories"] = new JsonArray("all"),
                },
                ["versions"] = new JsonArray(
                    new JsonObject
                    {
                        ["name"] = TrainingJobNames.Version,
                        ["served"] = true,
                        ["storage"] = true,
                        ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                        ["additionalPrinterColumns"] = TrainingJobStatusSchema.Columns(),
                        ["schema"] = new JsonObject { ["openAPIV3Schema"] = Schema() },
                    }
                ),
            },
        };

    /// <summary>The schema of an object.</summary>
    public static JsonObject Schema() =>
        new()
        {
            ["type"] = "object",
            ["description"] = "A Transformer that the cluster trains. What is left out takes its default.",
            ["required"] = new JsonArray("spec"),
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = new JsonObject { ["type"] = "string" },
                ["kind"] = new JsonObject { ["type"] = "string" },
                ["metadata"] = new JsonObject { ["type"] = "object" },
                ["spec"] = Spec(),
                ["status"] = TrainingJobStatusSchema.Create(),
            },
        };

    private static JsonObject Spec()
    {
        var spec = JobSpecSchema.Create();
        spec.Insert(1, "description", "What the job is: everything that its weights depend on, and how it is to be run.");
        foreach (var setting in JobSettings.All)
        {
            Refine(At(spec, setting.Path), setting);
        }
        var properties = spec["properties"]!.AsObject();
        foreach (var group in properties.Where(property => (string?)property.Value!["type"] == "object"))
        {
            // A group that is left out has its defaults too.
            group.Value!["default"] = new JsonObject();
        }
        Data(properties["dataset"]!.AsObject());
        foreach (var name in s_elsewhere)
        {
            properties.Remove(name);
        }
        properties["activeDeadlineSeconds"] = Seconds(
            "Time from start after which the job fails, without the time while it was suspended or preempted. In s. Default: none."
        );
        properties["ttlSecondsAfterFinished"] = Seconds(
            "How long the object, its job and its model are kept after the end. In s. Default: for ever."
        );
        properties["managedBy"] = new JsonObject
        {
            ["type"] = "string",
            ["description"] =
                $"Who carries the job out. Left out, or {TrainingJobNames.Controller}: the coordinator; it leaves any other alone.",
            ["maxLength"] = 63,
        };
        TrainingJobRules.AddTo(spec);
        return spec;
    }

    private static void Refine(JsonObject schema, JobSetting setting)
    {
        var rules = setting.Rules;
        if (setting.Default is { } value && rules.DefaultUnless.Length == 0 && rules.DefaultFrom.Length == 0)
        {
            schema["default"] = JsonNode.Parse(Text(value));
        }
        if (rules.PowerOfTwo)
        {
            var powers = Enumerable.Range(0, 31).Select(bit => 1L << bit).Where(power => power >= rules.Min && power <= rules.Max);
            TrainingJobRules.Add(
                schema,
                $"self in [{string.Join(", ", powers)}]",
                $"is no power of two from {SettingText.Format(rules.Min)} to {SettingText.Format(rules.Max)}"
            );
        }
        if ((string?)schema["type"] == "string")
        {
            // The cost of a rule is counted by the longest text that there can be.
            schema["maxLength"] = TrainingJobRules.LongestText;
        }
    }

    private static void Data(JsonObject dataset)
    {
        dataset["description"] =
            "The text: a dataset that the coordinator holds (fingerprint), or files of a ConfigMap or of a volume of the coordinator "
            + "(source, target and perhaps validSource, validTarget), of which it makes one.";
        var properties = dataset["properties"]!.AsObject();
        properties["fingerprint"]!["description"] = "SHA-256 (hexadecimal) of a dataset that the coordinator holds.";
        properties["source"]!["description"] =
            "File of source sentences to train on, one a line, plain or .gz: a key of the ConfigMap, or a path in the volume.";
        properties["configMap"] = Reference("A ConfigMap of the same namespace whose keys are the files.", 253);
        properties["volume"] = Reference("A folder of that name in the coordinator's folder of volumes (--kubernetes-volumes).", 63);
    }

    private static JsonObject Reference(string description, int longest) =>
        new()
        {
            ["type"] = "object",
            ["description"] = description,
            ["required"] = new JsonArray("name"),
            ["properties"] = new JsonObject
            {
                ["name"] = new JsonObject
                {
                    ["type"] = "string",
                    ["description"] = "Its name.",
                    ["minLength"] = 1,
                    ["maxLength"] = longest,
                    ["pattern"] = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
                },
            },
        };

    private static JsonObject Seconds(string description) =>
        new()
        {
            ["type"] = "integer",
            ["description"] = description,
            ["format"] = "int64",
            ["minimum"] = 1,
            ["maximum"] = JobSettings.At("deadlineSeconds").Rules.Max,
        };

    /// <summary>The value as JSON writes it.</summary>
    private static string Text(object value) =>
        value switch
        {
            string text => JsonValue.Create(text).ToJsonString(),
            bool truth => truth ? "true" : "false",
            _ => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        };

    private static JsonObject At(JsonObject schema, string path) =>
        path.Split('.').Aggregate(schema, (at, name) => at["properties"]![name]!.AsObject());
}
