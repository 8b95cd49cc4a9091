using System.CommandLine;
using System.CommandLine.Completions;
using TrainingCluster.Cli.Commands;

namespace TrainingCluster.Cli.Completion;

/// <summary>The commands as shells complete them: paths, options, and what may follow an option.</summary>
internal static class CommandTree
{
    /// <summary>Every command, the root first; its path has its names, without that of the program.</summary>
    public static IReadOnlyList<CompletedCommand> Of(RootCommand root) => [.. Walk(root, "")];

    private static IEnumerable<CompletedCommand> Walk(Command command, string path)
    {
        var settings = command.Options.OfType<SettingOption>().ToList();
        settings.ForEach(setting => setting.Describe(settings));
        var children = command.Subcommands.Where(child => !child.Hidden).ToList();
        var argument = command.Arguments.FirstOrDefault(each => !each.Hidden);
        yield return new CompletedCommand(
            path,
            [.. children.Select(child => new CompletedWord(child.Name, Brief(child.Description)))],
            [.. command.Options.Where(option => !option.Hidden).SelectMany(Options)],
            argument is null ? CompletedValue.None : ValueOf(argument.Name, Words(argument))
        );
        foreach (var below in children.SelectMany(child => Walk(child, path.Length == 0 ? child.Name : $"{path} {child.Name}")))
        {
            yield return below;
        }
    }

    private static IEnumerable<CompletedOption> Options(Option option)
    {
        var isFlag = option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool);
        var words = option is SettingOption setting ? setting.Words : Words(option);
        var value = isFlag ? null : ValueOf(option.HelpName ?? "", words);
        return option
            .Aliases.Prepend(option.Name)
            .Where(name => name.StartsWith('-') && !name.Contains('?', StringComparison.Ordinal))
            .Select(name => new CompletedOption(name, Brief(option.Description), value));
    }

    private static CompletedValue ValueOf(string name, IReadOnlyList<string> words) =>
        words.Count > 0
            ? new(CompletedKind.Words, words)
            : new(
                name switch
                {
                    "DIR" => CompletedKind.Folders,
                    "JOB" => CompletedKind.Files,
                    _ when name.StartsWith("FILE", StringComparison.Ordinal) => CompletedKind.Files,
                    "ID" => CompletedKind.Jobs,
                    _ => CompletedKind.Nothing,
                },
                []
            );

    private static IReadOnlyList<string> Words(Symbol symbol) =>
        [.. symbol.GetCompletions(CompletionContext.Empty).Select(item => item.Label).Where(label => label.Length > 0 && label[0] != '-')];

    /// <summary>The first sentence, on one line.</summary>
    private static string Brief(string? description)
    {
        var text = (description ?? "").Split('\n')[0];
        return text.Split(". ")[0].TrimEnd('.');
    }
}

/// <summary>A command.</summary>
/// <param name="Path">Its names with a space between; empty: the program itself.</param>
/// <param name="Children">The commands below it.</param>
/// <param name="Options">Its options, aliases among them.</param>
/// <param name="Argument">What it takes besides.</param>
internal sealed record CompletedCommand(
    string Path,
    IReadOnlyList<CompletedWord> Children,
    IReadOnlyList<CompletedOption> Options,
    CompletedValue Argument
);

/// <summary>A word and what it means.</summary>
internal sealed record CompletedWord(string Name, string Description);

/// <summary>An option.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Description">What it means.</param>
/// <param name="Value">What follows it; null: nothing.</param>
internal sealed record CompletedOption(string Name, string Description, CompletedValue? Value);

/// <summary>What may stand at a place.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Words">The words, where there are few.</param>
internal sealed record CompletedValue(CompletedKind Kind, IReadOnlyList<string> Words)
{
    /// <summary>Nothing that a shell could know.</summary>
    public static CompletedValue None { get; } = new(CompletedKind.Nothing, []);
}

/// <summary>Kinds of values.</summary>
internal enum CompletedKind
{
    /// <summary>A shell knows none.</summary>
    Nothing,

    /// <summary>Some words.</summary>
    Words,

    /// <summary>Names of files.</summary>
    Files,

    /// <summary>Names of folders.</summary>
    Folders,

    /// <summary>Ids of jobs, from the coordinator.</summary>
    Jobs,
}
