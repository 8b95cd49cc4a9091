using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>JSON as the YAML that people read, and back.</summary>
internal static class YamlText
{
    /// <summary>What YAML takes for something else than text, however it is written.</summary>
    private static readonly HashSet<string> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        "true",
        "false",
        "null",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    };

    /// <summary>In blocks; texts that YAML might take for something else stand in quotes.</summary>
    public static string Write(JsonObject json)
    {
        var text = new StringBuilder();
        Map(text, json, 0);
        return text.ToString();
    }

    /// <summary>One document.</summary>
    public static JsonObject Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return Node(stream.Documents[0].RootNode)!.AsObject();
    }

    private static void Map(StringBuilder text, JsonObject map, int depth)
    {
        foreach (var (name, value) in map)
        {
            text.Append(' ', 2 * depth).Append(name).Append(':');
            Value(text, value, depth);
        }
    }

    private static void Value(StringBuilder text, JsonNode? value, int depth)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } map:
                text.Append('\n');
                Map(text, map, depth + 1);
                break;
            case JsonArray { Count: > 0 } list when list[0] is JsonObject:
                text.Append('\n');
                foreach (var item in list)
                {
                    var inner = new StringBuilder();
                    Map(inner, item!.AsObject(), depth + 2);
                    // The first line begins with a dash.
                    text.Append(' ', 2 * depth + 2).Append("- ").Append(inner.ToString()[(2 * depth + 4)..]);
                }
                break;
            case JsonArray list:
                text.Append($" [{string.Join(", ", list.Select(Scalar))}]\n");
                break;
            default:
                text.Append(' ').Append(Scalar(value)).Append('\n');
                break;
        }
    }

    private static string Scalar(JsonNode? value) =>
        value switch
        {
            null => "null",
            JsonObject => "{}",
            _ when value.GetValueKind() == JsonValueKind.String => Text(value.GetValue<string>()),
            _ => value.ToJsonString(),
        };

    private static string Text(string text) =>
        text.Length > 0
        && text.All(c => char.IsAsciiLetter(c) || c is '.' or '/' or '-')
        && char.IsAsciiLetter(text[0])
        && !s_words.Contains(text)
            ? text
            : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static JsonNode? Node(YamlNode node) =>
        node switch
        {
            YamlMappingNode map => new JsonObject(
                map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Node(pair.Value)))
            ),
            YamlSequenceNode list => new JsonArray([.. list.Select(Node)]),
            YamlScalarNode { Style: ScalarStyle.Plain, Value: var value } => Plain(value ?? ""),
            YamlScalarNode scalar => JsonValue.Create(scalar.Value),
            _ => null,
        };

    private static JsonNode? Plain(string value) =>
        value switch
        {
            "" or "null" or "~" => null,
            "true" => true,
            "false" => false,
            _ when long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            _ when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            _ => value,
        };
}
