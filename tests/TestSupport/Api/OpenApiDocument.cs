using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Api;
using Google.Protobuf.Reflection;

namespace TrainingCluster.TestSupport.Api;

/// <summary>The OpenAPI document (3.1) of services whose calls are mapped to HTTP: made of their descriptors and comments.</summary>
/// <param name="title">Of the API.</param>
/// <param name="version">Of the API.</param>
internal sealed partial class OpenApiDocument(string title, string version)
{
    private static readonly JsonSerializerOptions s_readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly SchemaCollection _schemas = new();

    /// <summary>The document as JSON.</summary>
    public string Of(IEnumerable<ServiceDescriptor> services)
    {
        var paths = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var method in services.SelectMany(service => service.Methods))
        {
            if (method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { } rule)
            {
                continue;
            }
            var (verb, path) = Target(rule);
            if (!paths.TryGetValue(path, out var operations))
            {
                paths[path] = operations = [];
            }
            operations[verb] = Operation(method, rule, path);
        }
        var document = new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = title, ["version"] = version },
            ["security"] = new JsonArray(new JsonObject { ["token"] = new JsonArray() }),
            ["paths"] = new JsonObject(paths.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                },
                ["schemas"] = _schemas.ToJson(),
            },
        };
        return document.ToJsonString(s_readable) + "\n";
    }

    private JsonObject Operation(MethodDescriptor method, HttpRule rule, string path)
    {
        var inPath = Placeholders().Matches(path).Select(match => match.Groups[1].Value).ToArray();
        var parameters = new JsonArray([.. inPath.Select(name => Parameter(FieldAt(method.InputType, name), name, "path"))]);
        var taken = inPath.Select(name => name.Split('.')[0]).Append(rule.Body).ToHashSet(StringComparer.Ordinal);
        foreach (
            var field in method.InputType.Fields.InDeclarationOrder().Where(f => rule.Body != "*" && !taken.Contains(f.Name) && !f.IsMap)
        )
        {
            parameters.Add(Parameter(field, field.JsonName, "query"));
        }
        var operation = new JsonObject
        {
            ["operationId"] = method.Name,
            ["tags"] = new JsonArray(method.Service.Name),
            ["description"] = PublicApi.DocumentationOf(method),
            ["parameters"] = parameters,
        };
        if (rule.Body.Length > 0)
        {
            var body = rule.Body == "*" ? method.InputType : method.InputType.FindFieldByName(rule.Body).MessageType;
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content(_schemas.Reference(body)) };
        }
        var good = method.IsServerStreaming ? "The messages, a line of JSON each." : "The answer.";
        operation["responses"] = new JsonObject
        {
            ["200"] = new JsonObject { ["description"] = good, ["content"] = Content(_schemas.Reference(method.OutputType)) },
            ["default"] = new JsonObject
            {
                ["description"] = "The error.",
                ["content"] = Content(_schemas.Reference(Google.Rpc.Status.Descriptor)),
            },
        };
        return operation;
    }

    private JsonObject Parameter(FieldDescriptor field, string name, string place) =>
        new JsonObject
        {
            ["name"] = name,
            ["in"] = place,
            ["required"] = place == "path",
            ["description"] = PublicApi.DocumentationOf(field),
            ["schema"] = _schemas.Of(field),
        };

    private static FieldDescriptor FieldAt(MessageDescriptor message, string path)
    {
        var names = path.Split('.');
        return names[..^1].Aggregate(message, (at, name) => at.FindFieldByName(name).MessageType).FindFieldByName(names[^1]);
    }

    private static (string Verb, string Path) Target(HttpRule rule) =>
        rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => ("get", rule.Get),
            HttpRule.PatternOneofCase.Post => ("post", rule.Post),
            HttpRule.PatternOneofCase.Patch => ("patch", rule.Patch),
            HttpRule.PatternOneofCase.Delete => ("delete", rule.Delete),
            var other => throw new NotSupportedException($"{other} is none of our verbs."),
        };

    private static JsonObject Content(JsonNode schema) => new() { ["application/json"] = new JsonObject { ["schema"] = schema } };

    [GeneratedRegex(@"\{([\w.]+)\}")]
    private static partial Regex Placeholders();
}
