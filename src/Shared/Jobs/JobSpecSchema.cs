using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>
/// A job specification as a schema of OpenAPI 3.0, from the rules beside the fields of spec.proto: for those who check a job
/// without this program, as a Kubernetes API server checks a resource by its definition.
/// </summary>
/// <remarks>
/// Relations between fields are not in it; the coordinator judges them. Neither are defaults: a default that one field takes for
/// want of another would be filled in before anyone could see that the other is given.
/// </remarks>
public static class JobSpecSchema
{
    /// <summary>The schema of a whole specification.</summary>
    public static JsonObject Create() => Of(JobSpec.Descriptor);

    private static JsonObject Of(MessageDescriptor message)
    {
        var properties = new JsonObject();
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            var rules = JobSettings.RulesOf(field);
            var schema = field.FieldType == FieldType.Message ? Of(field.MessageType) : Of(field.FieldType, rules);
            schema.Insert(1, "description", Description(rules));
            properties[field.JsonName] = schema;
        }
        return new JsonObject { ["type"] = "object", ["properties"] = properties };
    }

    private static JsonObject Of(FieldType type, FieldRules rules)
    {
        var schema = type switch
        {
            FieldType.Bool => new JsonObject { ["type"] = "boolean" },
            FieldType.Double => new JsonObject { ["type"] = "number", ["format"] = "double" },
            FieldType.Int32 => new JsonObject { ["type"] = "integer", ["format"] = "int32" },
            // Kubernetes knows no unsigned numbers: seeds above 2^63 - 1 are for job files alone.
            FieldType.Int64 or FieldType.UInt64 => new JsonObject { ["type"] = "integer", ["format"] = "int64" },
            _ => new JsonObject { ["type"] = "string" },
        };
        if (type == FieldType.UInt64)
        {
            schema["minimum"] = 0;
        }
        if (rules.HasMin)
        {
            schema["minimum"] = rules.Min;
        }
        if (rules.AboveMin)
        {
            schema["exclusiveMinimum"] = true;
        }
        if (rules.HasMax)
        {
            schema["maximum"] = rules.Max;
        }
        if (rules.BelowMax)
        {
            schema["exclusiveMaximum"] = true;
        }
        if (rules.OneOf.Count > 0)
        {
            schema["enum"] = new JsonArray([.. rules.OneOf.Select(choice => (JsonNode)choice)]);
        }
        if (rules.Pattern.Length > 0)
        {
            schema["pattern"] = $"^(?:{rules.Pattern})$";
        }
        return schema;
    }

    private static string Description(FieldRules rules)
    {
        var text = rules.Help;
        if (rules.Unit.Length > 0)
        {
            text += $" In {rules.Unit}.";
        }
        if (rules.PowerOfTwo)
        {
            text += " A power of two.";
        }
        return rules.DefaultText() is { Length: > 0 } missing ? $"{text} Default: {missing}." : text;
    }
}
