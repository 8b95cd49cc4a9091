using System.CommandLine;
using System.CommandLine.Parsing;
using TrainingCluster.Jobs;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>--label KEY=VALUE</c>, as often as there are labels.</summary>
internal sealed class LabelOption : Option<IReadOnlyList<KeyValuePair<string, string>>>
{
    public LabelOption(string description)
        : base("--label")
    {
        Description = description;
        HelpName = "KEY=VALUE";
        AllowMultipleArgumentsPerToken = false;
        Arity = ArgumentArity.ZeroOrMore;
        DefaultValueFactory = _ => [];
        CustomParser = Read;
    }

    private IReadOnlyList<KeyValuePair<string, string>> Read(ArgumentResult result)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in result.Tokens.Select(token => token.Value))
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                result.AddError($"{Name} '{text}' is no label; write KEY=VALUE");
                continue;
            }
            if (!labels.TryAdd(text[..at], text[(at + 1)..]))
            {
                result.AddError($"{Name} '{text[..at]}' is given twice; give each key once");
            }
        }
        foreach (var (field, problem) in JobLabels.Problems(labels, Name))
        {
            result.AddError($"{field}: {problem}");
        }
        return [.. labels];
    }
}
