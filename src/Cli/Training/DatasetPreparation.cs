using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Training;

/// <summary>Makes a dataset folder of the text that a job names.</summary>
public static class DatasetPreparation
{
    /// <summary>How to prepare the text of <paramref name="spec"/>.</summary>
    /// <param name="spec">A dataset specification with every field filled in.</param>
    /// <param name="folder">What relative file names start from.</param>
    public static DatasetOptions OptionsOf(DatasetSpec spec, string folder)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return OptionsOf(
            spec,
            new ParallelText(Path.Combine(folder, spec.Source), Path.Combine(folder, spec.Target)),
            spec.HasValidSource ? new ParallelText(Path.Combine(folder, spec.ValidSource), Path.Combine(folder, spec.ValidTarget)) : null
        );
    }

    /// <summary>How to prepare the given text as <paramref name="spec"/> wants it.</summary>
    public static DatasetOptions OptionsOf(DatasetSpec spec, ParallelText train, ParallelText? validation)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new DatasetOptions
        {
            Train = train,
            Validation = validation,
            VocabularySize = spec.VocabularySize,
            MaxTokens = spec.MaxTokens,
        };
    }

    /// <summary>Builds the dataset in <paramref name="folder"/>, showing progress, and says what became of the text.</summary>
    public static async Task<DatasetManifest> BuildAsync(
        Terminal terminal,
        DatasetOptions options,
        string folder,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(terminal);
        var errors = options.Validate();
        if (errors.Count > 0)
        {
            throw CliException.BadUsage(string.Join('\n', errors));
        }
        using var spool = new TemporaryFolder();
        var manifest = await Activity.RunAsync(
            terminal,
            "preparing the dataset",
            async activity =>
            {
                var readable = await ReadableAsync(options, spool.Path, cancellationToken);
                return await Task.Run(
                    () => DatasetBuilder.Build(readable, folder, new Progress(activity), cancellationToken),
                    cancellationToken
                );
            }
        );
        await terminal.Error.WriteLineAsync(
            $"training text: {Describe(manifest.Train)}; vocabulary of {Text.Count(manifest.VocabularySize)}"
        );
        if (manifest.Validation.Kept > 0)
        {
            await terminal.Error.WriteLineAsync(
                $"validation text: {Describe(manifest.Validation)}{(manifest.HeldOut ? " held out of the training text" : "")}"
            );
        }
        return manifest;
    }

    /// <summary>
    /// The text is read twice: what can be read only once is copied. All at once, for one writer may write to several in turn.
    /// </summary>
    private static async Task<DatasetOptions> ReadableAsync(DatasetOptions options, string folder, CancellationToken cancellationToken)
    {
        var texts = new[] { options.Train, options.Validation }.OfType<ParallelText>();
        var readable = await Task.WhenAll(texts.Select(OneAsync));
        return options with { Train = readable[0], Validation = readable.Skip(1).SingleOrDefault() };

        async Task<ParallelText> OneAsync(ParallelText text)
        {
            var source = SpooledFile.ReadableAsync(text.SourcePath, folder, cancellationToken);
            var target = text.TargetPath is { } path ? SpooledFile.ReadableAsync(path, folder, cancellationToken) : null;
            return text with { SourcePath = await source, TargetPath = target is null ? null : await target };
        }
    }

    private static string Describe(TextCounts counts)
    {
        var left = new (long Count, string Why)[] { (counts.SkippedEmpty, "empty"), (counts.SkippedTooLong, "too long") }
            .Where(part => part.Count > 0)
            .Select(part => $"{Text.Count(part.Count)} {part.Why}")
            .ToList();
        var without = left.Count > 0 ? $" (left out: {string.Join(", ", left)})" : "";
        return $"{Text.Count(counts.Kept)} of {Text.Count(counts.Lines)} pairs{without}";
    }

    private sealed class Progress(IActivity activity) : IProgress<DatasetProgress>
    {
        public void Report(DatasetProgress value) =>
            activity.Report(value.Done, value.Total ?? 0, $"{value.Stage}, {Text.Count(value.Done)} pairs");
    }
}
