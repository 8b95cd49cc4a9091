using System.Security.Cryptography;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Data;

/// <summary>Makes a dataset folder out of parallel text. The same text and options give the same bytes.</summary>
public sealed class DatasetBuilder
{
    private const int ProgressEveryPairs = 2000;
    private const int MostHeldOut = 1000;
    private const string LearningStage = "Learning the vocabulary";
    private const string EncodingStage = "Encoding";

    private readonly DatasetOptions _options;
    private readonly IProgress<DatasetProgress>? _progress;
    private readonly CancellationToken _cancel;

    private DatasetBuilder(DatasetOptions options, IProgress<DatasetProgress>? progress, CancellationToken cancellationToken) =>
        (_options, _progress, _cancel) = (options, progress, cancellationToken);

    /// <summary>
    /// Builds the dataset: 1. learns the vocabulary from the training text; 2. chooses the pairs to hold out; 3. encodes the
    /// training text; 4. encodes the validation text; 5. writes checksums and manifest; 6. renames the finished folder.
    /// Until then all stands in a temporary folder beside <paramref name="output"/>, which a failure takes away again.
    /// </summary>
    /// <param name="options">The text and the settings.</param>
    /// <param name="output">The folder to make; it must not exist, or be empty.</param>
    /// <param name="progress">Told now and then how far it is.</param>
    /// <param name="cancellationToken">Ends the work; nothing is left behind.</param>
    /// <exception cref="ArgumentException">Settings out of range: all of them are named.</exception>
    /// <exception cref="DatasetException">The text cannot be used, or the folder cannot be written.</exception>
    public static DatasetManifest Build(
        DatasetOptions options,
        string output,
        IProgress<DatasetProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = options.Validate();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(options));
        }
        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        if (File.Exists(output) || (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()))
        {
            throw new DatasetException($"{output} exists already: choose another folder, or remove it first.");
        }
        var temporary = $"{output}.partial-{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(temporary);
            var manifest = new DatasetBuilder(options, progress, cancellationToken).Build(temporary);
            // 6.
            if (Directory.Exists(output))
            {
                Directory.Delete(output);
            }
            Directory.Move(temporary, output);
            return manifest;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{output} cannot be written: {exception.Message}", exception);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    private DatasetManifest Build(string folder)
    {
        // 1.
        var trainer = new BpeTrainer();
        var (lines, usable) = Learn(trainer);
        var tokenizer = trainer.Train(_options.VocabularySize, _cancel);
        tokenizer.Save(Path.Combine(folder, Dataset.TokenizerFile));
        // 2.
        var holdOut = _options.Validation is null;
        var heldOut = holdOut ? ChooseHeldOut(usable) : [];
        // 3.
        TextCounts train,
            validation;
        using (var validationWriter = new ValidationWriter(folder, tokenizer.VocabularySize))
        {
            var encoder = new PairEncoder(tokenizer, _options.MaxTokens);
            train = EncodeTraining(folder, encoder, heldOut, validationWriter, lines);
            // 4.
            if (_options.Validation is { } text)
            {
                EncodeValidation(text, encoder, validationWriter);
            }
            validation = validationWriter.Finish();
        }
        if (train.Kept == 0)
        {
            throw new DatasetException(
                $"{_options.Train.SourceName}: no sentence pair is left of {train.Lines} lines: {train.SkippedEmpty} are empty on one "
                    + $"side, {train.SkippedTooLong} are longer than {_options.MaxTokens} tokens."
            );
        }
        // 5.
        _progress?.Report(new DatasetProgress("Writing the manifest", 0, null));
        var files = new SortedDictionary<string, DatasetFile>(StringComparer.Ordinal);
        foreach (var name in Dataset.FileNames)
        {
            files.Add(name, Describe(Path.Combine(folder, name)));
        }
        var manifest = new DatasetManifest
        {
            FormatVersion = DatasetManifest.CurrentFormatVersion,
            Fingerprint = DatasetManifest.FingerprintOf(files),
            VocabularySize = tokenizer.VocabularySize,
            MaxTokens = _options.MaxTokens,
            Train = train,
            Validation = validation,
            HeldOut = holdOut,
            Files = files,
        };
        manifest.Save(folder);
        return manifest;
    }

    private (long Lines, int Usable) Learn(BpeTrainer trainer)
    {
        Report(LearningStage, 0, null);
        var (lines, usable) = (0L, 0);
        // A line that cannot come out within the limit teaches the vocabulary nothing that is used.
        var longest = _options.MaxTokens * 16L;
        foreach (var pair in _options.Train.Read())
        {
            Report(LearningStage, ++lines, null);
            RequireWithin(lines, trainer);
            if (pair.Source.Length == 0 || pair.Target.Length == 0)
            {
                continue;
            }
            usable++;
            if (pair.Source.Length > longest || pair.Target.Length > longest)
            {
                continue;
            }
            trainer.Add(pair.Source);
            trainer.Add(pair.Target);
        }
        return (lines, usable);
    }

    private void RequireWithin(long lines, BpeTrainer trainer)
    {
        if (_options.Limits is not { } limits)
        {
            return;
        }
        if (lines > limits.Pairs)
        {
            throw new DatasetException(
                $"{_options.Train.SourceName}: more than {limits.Pairs} lines: prepare so much text where it is, and bring the dataset."
            );
        }
        if (trainer.WordBytes > limits.WordBytes)
        {
            throw new DatasetException(
                $"{_options.Train.SourceName}, line {lines}: the different words so far have more than {limits.WordBytes} bytes: is this "
                    + "text, a sentence a line? If it is, prepare it where it is, and bring the dataset."
            );
        }
    }

    /// <summary>Numbers of the usable pairs to hold out: drawn with a fixed seed, so the same text gives the same set.</summary>
    private static HashSet<int> ChooseHeldOut(int usable)
    {
        if (usable < 2)
        {
            return [];
        }
        var numbers = Enumerable.Range(0, usable).ToArray();
        new DeterministicRandom(seed: 1).Shuffle<int>(numbers);
        return [.. numbers.Take(Math.Min(MostHeldOut, (usable + 99) / 100))];
    }

    private TextCounts EncodeTraining(string folder, PairEncoder encoder, HashSet<int> heldOut, ValidationWriter validation, long total)
    {
        using var sources = new TokenShardWriter(Path.Combine(folder, Dataset.TrainSourceFile), encoder.VocabularySize);
        using var targets = new TokenShardWriter(Path.Combine(folder, Dataset.TrainTargetFile), encoder.VocabularySize);
        Report(EncodingStage, 0, total);
        var counts = new TextCounts();
        var usable = -1;
        foreach (var pair in _options.Train.Read())
        {
            counts = counts with { Lines = counts.Lines + 1 };
            Report(EncodingStage, counts.Lines, total);
            if (pair.Source.Length == 0 || pair.Target.Length == 0)
            {
                counts = counts with { SkippedEmpty = counts.SkippedEmpty + 1 };
                continue;
            }
            if (heldOut.Contains(++usable))
            {
                counts = counts with { HeldOut = counts.HeldOut + 1 };
                validation.Add(pair, encoder);
                continue;
            }
            if (!encoder.TryEncode(pair, out var source, out var target))
            {
                counts = counts with { SkippedTooLong = counts.SkippedTooLong + 1 };
                continue;
            }
            sources.Add(source);
            targets.Add(target);
            counts = counts with { Kept = counts.Kept + 1, SourceTokens = sources.Tokens, TargetTokens = targets.Tokens };
        }
        sources.Finish();
        targets.Finish();
        return counts;
    }

    private void EncodeValidation(ParallelText text, PairEncoder encoder, ValidationWriter writer)
    {
        var lines = 0L;
        foreach (var pair in text.Read())
        {
            Report("Encoding the validation text", ++lines, null);
            writer.Add(pair, encoder);
        }
    }

    private void Report(string stage, long done, long? total)
    {
        _cancel.ThrowIfCancellationRequested();
        if (done % ProgressEveryPairs == 0 || done == total)
        {
            _progress?.Report(new DatasetProgress(stage, done, total));
        }
    }

    private static DatasetFile Describe(string path)
    {
        using var stream = File.OpenRead(path);
        return new DatasetFile(stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }
}
