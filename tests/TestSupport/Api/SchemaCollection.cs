using System.Globalization;
using System.Text.Json.Nodes;
using Google.Api;
using Google.Protobuf.Reflection;
using TrainingCluster.V1;

namespace TrainingCluster.TestSupport.Api;

/// <summary>Schemas of messages in the JSON form of protobuf, each once.</summary>
internal sealed class SchemaCollection
{
    private readonly SortedDictionary<string, JsonObject> _schemas = new(StringComparer.Ordinal);

    /// <summary>All that were referred to, and those that they refer to.</summary>
    public JsonObject ToJson() => new(_schemas.Select(schema => KeyValuePair.Create(schema.Key, (JsonNode?)schema.Value)));

    /// <summary>A reference to a message's schema, or the schema where JSON has a form of its own for it.</summary>
    public JsonObject Reference(MessageDescriptor message)
    {
        if (WellKnown(message) is { } known)
        {
            return known;
        }
        var name = NameOf(message);
        if (!_schemas.ContainsKey(name))
        {
            // Noted before its fields: a message may hold itself.
            var schema = _schemas[name] = new() { ["type"] = "object" };
            Fill(schema, message);
        }
        return new() { ["$ref"] = $"#/components/schemas/{name}" };
    }

    /// <summary>The schema of a field's value.</summary>
    public JsonObject Of(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            return new() { ["type"] = "object", ["additionalProperties"] = Scalar(field.MessageType.FindFieldByNumber(2)) };
        }
        var schema = Scalar(field);
        return field.IsRepeated ? new() { ["type"] = "array", ["items"] = schema } : schema;
    }

    private void Fill(JsonObject schema, MessageDescriptor message)
    {
        if (PublicApi.DocumentationOf(message) is { Length: > 0 } text)
        {
            schema["description"] = text;
        }
        var (properties, required) = (new JsonObject(), new JsonArray());
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            var behavior = field.GetOptions()?.GetExtension(FieldBehaviorExtensions.FieldBehavior) ?? [];
            var property = Of(field);
            if (PublicApi.DocumentationOf(field) is { Length: > 0 } help)
            {
                property["description"] = help;
            }
            if (behavior.Contains(FieldBehavior.OutputOnly))
            {
                property["readOnly"] = true;
            }
            if (behavior.Contains(FieldBehavior.Required))
            {
                required.Add(field.JsonName);
            }
            Bound(property, field);
            properties[field.JsonName] = property;
        }
        schema["properties"] = properties;
        if (required.Count > 0)
        {
            schema["required"] = required;
        }
    }

    /// <summary>What the rules of a job's setting say of its values.</summary>
    private static void Bound(JsonObject property, FieldDescriptor field)
    {
        if (PublicApi.RulesOf(field) is not { } rules || field.FieldType == FieldType.Message)
        {
            return;
        }
        if (rules.HasMin && property["type"]!.GetValue<string>() != "string")
        {
            property[rules.AboveMin ? "exclusiveMinimum" : "minimum"] = rules.Min;
            property[rules.BelowMax ? "exclusiveMaximum" : "maximum"] = rules.Max;
        }
        if (rules.Pattern.Length > 0)
        {
            property["pattern"] = $"^({rules.Pattern})$";
        }
        if (rules.OneOf.Count > 0)
        {
            property["enum"] = new JsonArray([.. rules.OneOf.Select(value => (JsonNode)value)]);
        }
        if (rules.Default.Length > 0)
        {
            property["default"] = property["type"]!.GetValue<string>() switch
            {
                "boolean" => rules.Default == "true",
                "integer" or "number" => double.Parse(rules.Default, CultureInfo.InvariantCulture),
                _ => rules.Default,
            };
        }
    }

    private JsonObject Scalar(FieldDescriptor field) =>
        field.FieldType switch
        {
            FieldType.Message => Reference(field.MessageType),
            FieldType.Enum => Reference(field.EnumType),
            FieldType.Bool => new() { ["type"] = "boolean" },
            FieldType.Int32 => new() { ["type"] = "integer", ["format"] = "int32" },
            // JSON numbers hold 53 bits.
            FieldType.Int64 => new() { ["type"] = "string", ["format"] = "int64" },
            FieldType.UInt64 => new() { ["type"] = "string", ["format"] = "uint64" },
            FieldType.Double => new() { ["type"] = "number", ["format"] = "double" },
            FieldType.Float => new() { ["type"] = "number", ["format"] = "float" },
            FieldType.Bytes => new() { ["type"] = "string", ["contentEncoding"] = "base64" },
            FieldType.String => new() { ["type"] = "string" },
            var other => throw new NotSupportedException($"{field.FullName} is {other}, which no field was before."),
        };

    private JsonObject Reference(EnumDescriptor type)
    {
        _schemas.TryAdd(
            type.Name,
            new()
            {
                ["type"] = "string",
                ["enum"] = new JsonArray([.. type.Values.Select(value => (JsonNode)value.Name)]),
                ["description"] = string.Join(
                    "\n",
                    type.Values.Select(value => $"{value.Name}: {PublicApi.DocumentationOf(value)}")
                        .Prepend(PublicApi.DocumentationOf(type))
                ),
            }
        );
        return new() { ["$ref"] = $"#/components/schemas/{type.Name}" };
    }

    private static string NameOf(MessageDescriptor message) =>
        message.File.Package == ArithmeticReflection.Descriptor.Package ? message.Name : message.FullName;

    private static JsonObject? WellKnown(MessageDescriptor message) =>
        message.FullName switch
        {
            "google.protobuf.Timestamp" => new() { ["type"] = "string", ["format"] = "date-time" },
            "google.protobuf.Duration" => new() { ["type"] = "string", ["pattern"] = @"^-?[0-9]+(\.[0-9]+)?s$" },
            "google.protobuf.FieldMask" => new() { ["type"] = "string" },
            "google.protobuf.Empty" => new() { ["type"] = "object" },
            "google.protobuf.Any" => new()
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["@type"] = new JsonObject { ["type"] = "string" } },
                ["additionalProperties"] = true,
            },
            _ => null,
        };
}
