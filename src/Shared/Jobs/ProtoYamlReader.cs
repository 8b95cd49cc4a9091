using Google.Protobuf;
using Google.Protobuf.Reflection;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TrainingCluster.Jobs;

/// <summary>Walks YAML nodes beside protobuf descriptors, sets what fits and collects what does not.</summary>
internal sealed class ProtoYamlReader
{
    private readonly Dictionary<string, int> _lines = new(StringComparer.Ordinal);

    public List<SpecViolation> Violations { get; } = [];

    public void Add(string field, string value, string problem, string fix, int line) =>
        Violations.Add(new(field, value, problem, fix, line));

    /// <summary>The line of a field, or of the nearest field around it that the file names.</summary>
    public int LineOf(string field)
    {
        for (var path = field; path.Length > 0; )
        {
            if (_lines.TryGetValue(path, out var line))
            {
                return line;
            }
            var dot = path.LastIndexOf('.');
            path = dot < 0 ? "" : path[..dot];
        }
        return 1;
    }

    public void Message(YamlNode node, IMessage message, string path)
    {
        if (node is not YamlMappingNode mapping)
        {
            Add(
                path,
                Shown(node),
                "is no mapping",
                $"write its fields beneath it, such as {JobYaml.FieldNames(message.Descriptor).First()}",
                JobYaml.Line(node)
            );
            return;
        }
        foreach (var (keyNode, valueNode) in mapping.Children)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? Shown(keyNode);
            var fieldPath = path.Length == 0 ? key : $"{path}.{key}";
            var field = message.Descriptor.Fields.InDeclarationOrder().FirstOrDefault(f => f.JsonName == key);
            if (field is null)
            {
                Add(fieldPath, "", "is no known field", Suggestion(key, message.Descriptor), JobYaml.Line(keyNode));
                continue;
            }
            _lines[fieldPath] = JobYaml.Line(keyNode);
            if (JobYaml.IsEmpty(valueNode))
            {
                Add(fieldPath, "", "has no value", "give one, or leave the line out for the default", JobYaml.Line(keyNode));
            }
            else if (field.FieldType == FieldType.Message)
            {
                var child = field.MessageType.Parser.ParseFrom(ByteString.Empty);
                field.Accessor.SetValue(message, child);
                Message(valueNode, child, fieldPath);
            }
            else
            {
                Scalar(valueNode, message, field, fieldPath);
            }
        }
    }

    private void Scalar(YamlNode node, IMessage message, FieldDescriptor field, string path)
    {
        if (node is not YamlScalarNode scalar || Read(scalar, field.FieldType) is not { } value)
        {
            Add(path, Shown(node), "has the wrong type", $"write {JobSettings.At(path).Wanted}", JobYaml.Line(node));
        }
        else
        {
            field.Accessor.SetValue(message, value);
        }
    }

    private static object? Read(YamlScalarNode node, FieldType type) =>
        // "8" in quotes is text, not a number: what YAML itself says.
        type == FieldType.String
        || node.Style is ScalarStyle.Plain
            ? SettingText.Parse(type, node.Value ?? "")
            : null;

    private static string Shown(YamlNode node) =>
        node switch
        {
            YamlScalarNode scalar => scalar.Value ?? "",
            YamlSequenceNode => "a list",
            YamlMappingNode => "a mapping",
            _ => node.ToString(),
        };

    private static string Suggestion(string key, MessageDescriptor descriptor)
    {
        var names = JobYaml.FieldNames(descriptor).ToList();
        var nearest = names.MinBy(name => Distance(key, name))!;
        return Distance(key, nearest) <= Math.Max(2, key.Length / 3)
            ? $"did you mean {nearest}?"
            : $"known here: {string.Join(", ", names)}";
    }

    /// <summary>Levenshtein distance without regard to case, '-' and '_': snake_case keys are the usual slip.</summary>
    private static int Distance(string a, string b)
    {
        a = Normal(a);
        b = Normal(b);
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[^1];
    }

    private static string Normal(string name) =>
        name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
}
