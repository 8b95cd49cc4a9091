using System.CommandLine;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary>An option that overrides one setting of a job. What it takes and what its help says come from the setting's rules.</summary>
internal sealed class SettingOption : Option<string?>
{
    private readonly string _path;

    /// <param name="name">The option: <c>--batch-tokens</c>.</param>
    /// <param name="path">The setting: <c>training.batchTokens</c>.</param>
    public SettingOption(string name, string path)
        : base(name)
    {
        _path = path;
        HelpName = "VALUE";
        Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Setting.Parse(token.Value) is null)
            {
                result.AddError($"{name} '{token.Value}' has the wrong type; write {Setting.Wanted}");
            }
        });
    }

    /// <summary>What it may be, where that is one of some words.</summary>
    public IReadOnlyList<string> Words => [.. Setting.Rules.OneOf];

    private JobSetting Setting => JobSettings.At(_path);

    /// <summary>Writes the help text. Only when help is asked for: other commands do not read the rules.</summary>
    /// <param name="others">All options of the command: what is a setting for the rules is an option here.</param>
    public void Describe(IReadOnlyCollection<SettingOption> others) =>
        Description = others.Aggregate(Setting.Help, (text, other) => text.Replace(other._path, other.Name, StringComparison.Ordinal));

    /// <summary>Writes what was given into <paramref name="spec"/>.</summary>
    /// <returns>Whether it was given.</returns>
    public bool Apply(ParseResult parsed, JobSpec spec)
    {
        if (parsed.GetValue(this) is not { } text)
        {
            return false;
        }
        Setting.Set(spec, Setting.Parse(text)!);
        return true;
    }
}
