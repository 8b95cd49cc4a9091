using System.Text.RegularExpressions;

namespace TrainingCluster.TestSupport.Api;

/// <summary>
/// What the protos say of each thing, by its full name: descriptors do not carry comments. It reads files as ours are laid out: a
/// declaration begins a line, its comment stands above it or behind it.
/// </summary>
internal static partial class ProtoComments
{
    private const string Package = "cluster.v1";

    /// <summary>The comments of a file. Values of an enumeration have its name before theirs.</summary>
    /// <param name="path">The proto.</param>
    public static Dictionary<string, string> Of(string path)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var scopes = new Stack<string>([Package]);
        // Braces of options, in which nothing is declared.
        var depth = 0;
        var above = new List<string>();
        foreach (var line in File.ReadLines(path).Select(line => line.Trim()))
        {
            if (line.StartsWith("//", StringComparison.Ordinal))
            {
                above.Add(line.TrimStart('/').Trim());
                continue;
            }
            var behind = Behind().Match(line);
            var code = Texts().Replace(behind.Success ? line[..behind.Index] : line, "\"\"");
            var balance = code.Count(c => c == '{') - code.Count(c => c == '}');
            if (depth > 0)
            {
                depth += balance;
            }
            else if (Block().Match(code) is { Success: true } block)
            {
                var name = block.Groups["kind"].Value == "oneof" ? scopes.Peek() : $"{scopes.Peek()}.{block.Groups["name"].Value}";
                Note(block.Groups["kind"].Value == "oneof" ? $"{name}.{block.Groups["name"].Value}" : name);
                if (balance > 0)
                {
                    scopes.Push(name);
                }
            }
            else if (Member().Match(code) is { Success: true } member)
            {
                Note($"{scopes.Peek()}.{member.Groups["name"].Value}");
                depth = balance;
            }
            else if (code == "}")
            {
                scopes.Pop();
            }
            else
            {
                depth = Math.Max(0, balance);
            }
            above.Clear();

            void Note(string name)
            {
                var text = string.Join(' ', behind.Success ? [.. above, behind.Groups["text"].Value] : above).Trim();
                if (text.Length > 0)
                {
                    found[name] = text;
                }
            }
        }
        return found;
    }

    [GeneratedRegex(@"\s//\s*(?<text>.*)$")]
    private static partial Regex Behind();

    [GeneratedRegex("\"(\\\\.|[^\"\\\\])*\"")]
    private static partial Regex Texts();

    [GeneratedRegex(@"^(?<kind>message|enum|service|oneof)\s+(?<name>\w+)\s*\{")]
    private static partial Regex Block();

    [GeneratedRegex(
        @"^(rpc\s+(?<name>\w+)\s*\(|((optional|repeated)\s+)?(map<[^>]*>|[\w.]+)\s+(?<name>\w+)\s*=\s*\d|(?<name>[A-Z][A-Z0-9_]*)\s*=\s*\d)"
    )]
    private static partial Regex Member();
}
