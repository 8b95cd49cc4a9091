using Google.Protobuf.Reflection;
using TrainingCluster.V1;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TrainingCluster.Jobs;

/// <summary>What a job file says.</summary>
/// <param name="Spec">The specification as far as it could be read; only to be used when there are no violations.</param>
/// <param name="Violations">Every problem of the file, in the order of its lines; empty when the job can be run.</param>
public sealed record JobYamlResult(JobSpec Spec, IReadOnlyList<SpecViolation> Violations);

/// <summary>
/// job.yaml: the fields of spec.proto in camelCase. The reader walks the message descriptors, so a new field of the
/// proto needs no line here.
/// </summary>
public static class JobYaml
{
    /// <summary>Of nodes in one another; with the stream, the document and the job itself.</summary>
    private const int GreatestDepth = 32;

    /// <summary>
    /// Reads a job file. Unknown fields, duplicates, wrong types and values out of range are all reported at once, each
    /// with its line.
    /// </summary>
    public static JobYamlResult Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var spec = new JobSpec();
        var reader = new ProtoYamlReader();
        try
        {
            var stream = Load(text);
            if (stream.Documents.Count > 1)
            {
                reader.Add("", "", "the file holds several documents", "keep one job in a file", Line(stream.Documents[1].RootNode));
            }
            if (stream.Documents.Count == 0 || IsEmpty(stream.Documents[0].RootNode))
            {
                reader.Add("", "", "the file is empty", "write at least a dataset with source and target", 1);
            }
            else
            {
                reader.Message(stream.Documents[0].RootNode, spec, "");
            }
        }
        catch (YamlException e)
        {
            reader.Add("", "", $"this is no YAML: {Reason(e)}", "fix the syntax", (int)Math.Max(1, e.Start.Line));
        }
        // Ranges are judged only for what could be read: a field with a type error has had its line already.
        var unreadable = reader.Violations.Select(v => v.Field).ToHashSet(StringComparer.Ordinal);
        if (!unreadable.Contains(""))
        {
            reader.Violations.AddRange(
                JobSpecValidator
                    .Validate(spec)
                    .Where(v =>
                        !unreadable.Contains(v.Field) && !unreadable.Any(u => u.StartsWith(v.Field + ".", StringComparison.Ordinal))
                    )
                    .Select(v => v with { Line = reader.LineOf(v.Field) })
            );
        }
        return new(spec, [.. reader.Violations.OrderBy(v => v.Line ?? 0)]);
    }

    /// <exception cref="YamlException">It is no YAML, or nested too deep.</exception>
    private static YamlStream Load(string text)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            RequireShallow(parser);
            parser = new Parser(new StringReader(text));
            var stream = new YamlStream();
            stream.Load(parser);
            return stream;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // Some signs in the wrong place take the library out of its own states.
            var at = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(at, at, "a ':', '?' or bracket stands where none can");
        }
    }

    /// <summary>Building the tree recurses: a file that is nested without end would end the process.</summary>
    private static void RequireShallow(Parser parser)
    {
        for (var depth = 0; parser.MoveNext(); )
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > GreatestDepth)
            {
                throw new YamlException(
                    parser.Current.Start,
                    parser.Current.End,
                    $"it is nested more than {GreatestDepth} levels deep, a job file needs 3"
                );
            }
        }
    }

    /// <summary>The camelCase names of a message's fields, in the order of the proto.</summary>
    internal static IEnumerable<string> FieldNames(MessageDescriptor descriptor) =>
        descriptor.Fields.InDeclarationOrder().Select(f => f.JsonName);

    internal static bool IsEmpty(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain } scalar && scalar.Value is null or "" or "~" or "null";

    internal static int Line(YamlNode node) => (int)node.Start.Line;

    private static string Reason(YamlException e) => (e.InnerException?.Message ?? e.Message).TrimEnd('.');
}
