using System.CommandLine;
using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Cli.Commands;

/// <summary>Parallel text on the command line: two files, or one with tabs, and the same to evaluate on.</summary>
internal sealed class TextOptions
{
    private readonly Option<string?> _source = FileOption("--source", "Source sentences, one a line; plain or .gz.");
    private readonly Option<string?> _target = FileOption("--target", "Their translations, line by line.");
    private readonly Option<string?> _tsv = FileOption("--tsv", "Instead of --source and --target: source, tab, target on each line.");
    private readonly Option<string?> _validSource = FileOption(
        "--valid-source",
        "Source sentences to evaluate on while training. Default: 1 % of the pairs is held out."
    );
    private readonly Option<string?> _validTarget = FileOption("--valid-target", "Their translations.");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_source, _target, _tsv, _validSource, _validTarget])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The text that was named.</summary>
    /// <exception cref="CliException">A side is missing, or there is one too many.</exception>
    public Texts Read(ParseResult parsed)
    {
        var (source, target, tsv) = (parsed.GetValue(_source), parsed.GetValue(_target), parsed.GetValue(_tsv));
        var (validSource, validTarget) = (parsed.GetValue(_validSource), parsed.GetValue(_validTarget));
        if (tsv is null && (source is null || target is null))
        {
            throw CliException.BadUsage(
                $"{(source is null ? "--source" : "--target")} is missing: parallel text is two files (--source and --target) or one "
                    + "(--tsv)"
            );
        }
        if (tsv is not null && (source is not null || target is not null))
        {
            throw CliException.BadUsage("--tsv holds both sides: leave --source and --target out");
        }
        if (validSource is null != validTarget is null)
        {
            throw CliException.BadUsage($"{(validSource is null ? "--valid-source" : "--valid-target")} is missing beside its other side");
        }
        return new Texts(
            tsv is null ? new ParallelText(source!, target) : new ParallelText(tsv, null),
            validSource is null ? null : new ParallelText(validSource, validTarget)
        );
    }

    private static Option<string?> FileOption(string name, string description) =>
        new(name) { Description = description, HelpName = "FILE" };
}

/// <summary>The text to make a dataset of.</summary>
/// <param name="Train">To train on.</param>
/// <param name="Validation">To evaluate on; null: some of the other is held out.</param>
internal sealed record Texts(ParallelText Train, ParallelText? Validation)
{
    /// <summary>A missing file is told before anything long begins.</summary>
    /// <exception cref="CliException">A file does not exist, or is a folder.</exception>
    public void RequireFiles()
    {
        foreach (var path in (string?[])[Train.SourcePath, Train.TargetPath, Validation?.SourcePath, Validation?.TargetPath])
        {
            if (path is not null && !File.Exists(path))
            {
                throw CliException.BadUsage(Directory.Exists(path) ? $"{path} is a folder; name a file" : $"{path} does not exist");
            }
        }
    }
}
