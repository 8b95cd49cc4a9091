using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Tokenization;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Datasets;

/// <summary>
/// Makes datasets of text that clients send. The text goes to files, never to memory; one dataset is made at a time, on a thread of its
/// own, and few calls wait for their turn; so a client can neither keep the actors waiting nor fill the memory.
/// </summary>
public sealed class DatasetPreparation(DatasetLibrary library) : IDisposable
{
    /// <summary>Calls at once: their text lies on the disk.</summary>
    internal const int MostCalls = 4;

    /// <summary>Bytes of all texts of a call together.</summary>
    internal const long MostTextBytes = 1L << 30;

    // Whoever opens the dataset has the validation pairs in memory.
    private const long MostValidationBytes = 16 << 20;

    private const string Result = "dataset";

    // The names of the files, and what errors call the texts.
    private static readonly Dictionary<TextPart, string> s_names = new()
    {
        [TextPart.Source] = "source",
        [TextPart.Target] = "target",
        [TextPart.ValidationSource] = "validation_source",
        [TextPart.ValidationTarget] = "validation_target",
    };

    private static readonly DatasetLimits s_limits = new(Pairs: 20_000_000, WordBytes: 32 << 20);

    private readonly SemaphoreSlim _calls = new(MostCalls);
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>
    /// 1. takes the settings; 2. writes the text to files; 3. waits for its turn; 4. makes the dataset; 5. keeps it. Whatever goes wrong,
    /// and however the call ends, no file is left.
    /// </summary>
    /// <returns>Its fingerprint.</returns>
    /// <exception cref="RpcException">INVALID_ARGUMENT, RESOURCE_EXHAUSTED.</exception>
    /// <exception cref="QuotaExceededException">The text, or the dataset, has more bytes than may be stored.</exception>
    public async Task<string> PrepareAsync(IAsyncStreamReader<PrepareDatasetRequest> messages, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (!_calls.Wait(0, CancellationToken.None))
        {
            throw RpcErrors.Info(
                StatusCode.ResourceExhausted,
                "TOO_MANY_PREPARATIONS",
                $"{MostCalls} datasets are being prepared; call again when one of them is done"
            );
        }
        var folder = library.NewTemporaryFolder();
        try
        {
            Directory.CreateDirectory(folder);
            // 1.
            var settings = await SettingsAsync(messages, cancellationToken);
            // 2.
            var text = await ReceiveAsync(messages, folder, cancellationToken);
            // 3. to 5.
            return await MakeAsync(OptionsOf(settings, text), folder, cancellationToken);
        }
        catch (DatasetException e)
        {
            throw RpcErrors.Invalid(("text", DatasetLibrary.WithoutFolder(e.Message, Path.Combine(folder, Result))));
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
            _calls.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _calls.Dispose();
        _turn.Dispose();
    }

    /// <summary>Waits for its turn, makes a dataset and keeps it.</summary>
    /// <param name="options">The text and the settings.</param>
    /// <param name="folder">For what is unfinished; the caller removes it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Its fingerprint.</returns>
    /// <exception cref="DatasetException">The text cannot be used.</exception>
    /// <exception cref="QuotaExceededException">The dataset has more bytes than may be stored.</exception>
    internal async Task<string> MakeAsync(DatasetOptions options, string folder, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(
                () => Make(options with { Limits = s_limits }, folder, cancellationToken),
                cancellationToken,
                TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
                TaskScheduler.Default
            );
        }
        finally
        {
            _turn.Release();
        }
    }

    private static async Task<PreparationSettings> SettingsAsync(
        IAsyncStreamReader<PrepareDatasetRequest> messages,
        CancellationToken cancellationToken
    )
    {
        if (!await messages.MoveNext(cancellationToken) || messages.Current.Settings is not { } settings)
        {
            throw RpcErrors.Invalid(("settings", "are missing; send them in the first message, empty for the defaults"));
        }
        var problems = new List<(string, string)>();
        if (settings.HasVocabularySize)
        {
            Require("vocabulary_size", settings.VocabularySize, BpeTokenizer.MinimumVocabularySize, DatasetOptions.GreatestVocabularySize);
        }
        if (settings.HasMaxTokens)
        {
            Require("max_tokens", settings.MaxTokens, DatasetOptions.LeastMaxTokens, DatasetOptions.GreatestMaxTokens);
        }
        return problems.Count == 0 ? settings : throw RpcErrors.Invalid([.. problems]);

        void Require(string name, int value, int least, int most)
        {
            if (value < least || value > most)
            {
                problems.Add(($"settings.{name}", $"{value}: choose {least} to {most}"));
            }
        }
    }

    /// <summary>Writes each text to a file of its own.</summary>
    private async Task<IReadOnlyDictionary<TextPart, string>> ReceiveAsync(
        IAsyncStreamReader<PrepareDatasetRequest> messages,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var most = Math.Min(MostTextBytes, library.MostBytes);
        var files = new Dictionary<TextPart, FileStream>();
        var total = 0L;
        try
        {
            while (await messages.MoveNext(cancellationToken))
            {
                if (messages.Current.Text is not { } chunk || !s_names.TryGetValue(chunk.Part, out var name))
                {
                    throw RpcErrors.Invalid(
                        ("text", "the message has no text of a part that there is; settings come once, at the beginning")
                    );
                }
                total += chunk.Data.Length;
                if (total > most)
                {
                    throw new QuotaExceededException(
                        $"the text has more than the {Math.Max(0, most)} bytes that may be sent. Send less, or prepare it where it is and "
                            + "upload the dataset"
                    );
                }
                if (!files.TryGetValue(chunk.Part, out var file))
                {
                    files[chunk.Part] = file = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write);
                    RequirePlain(name, chunk.Data.Span);
                }
                await file.WriteAsync(chunk.Data.Memory, cancellationToken);
                if (chunk.Part >= TextPart.ValidationSource && file.Length > MostValidationBytes)
                {
                    throw RpcErrors.Invalid(("text", $"{name} has more than {MostValidationBytes} bytes; evaluate on less"));
                }
            }
        }
        finally
        {
            foreach (var file in files.Values)
            {
                await file.DisposeAsync();
            }
        }
        RequireBoth(files, TextPart.Source, TextPart.Target, required: true);
        RequireBoth(files, TextPart.ValidationSource, TextPart.ValidationTarget, required: false);
        return files.Keys.ToDictionary(part => part, part => Path.Combine(folder, s_names[part]));
    }

    /// <summary>A reader of files would unpack it, to any number of bytes.</summary>
    private static void RequirePlain(string name, ReadOnlySpan<byte> data)
    {
        if (data is [0x1F, 0x8B, ..])
        {
            throw RpcErrors.Invalid(("text", $"{name} is packed by gzip; send the text itself"));
        }
    }

    private static void RequireBoth(Dictionary<TextPart, FileStream> files, TextPart source, TextPart target, bool required)
    {
        if (files.ContainsKey(source) != files.ContainsKey(target) || (required && !files.ContainsKey(source)))
        {
            var missing = files.ContainsKey(source) ? target : source;
            throw RpcErrors.Invalid(("text", $"{s_names[missing]} is missing; send both sides of the text"));
        }
    }

    private static DatasetOptions OptionsOf(PreparationSettings settings, IReadOnlyDictionary<TextPart, string> text)
    {
        var options = new DatasetOptions
        {
            Train = TextOf(TextPart.Source, TextPart.Target),
            Validation = text.ContainsKey(TextPart.ValidationSource) ? TextOf(TextPart.ValidationSource, TextPart.ValidationTarget) : null,
        };
        return options with
        {
            VocabularySize = settings.HasVocabularySize ? settings.VocabularySize : options.VocabularySize,
            MaxTokens = settings.HasMaxTokens ? settings.MaxTokens : options.MaxTokens,
        };

        ParallelText TextOf(TextPart source, TextPart target) =>
            new(text[source], text[target]) { SourceName = s_names[source], TargetName = s_names[target] };
    }

    private string Make(DatasetOptions options, string folder, CancellationToken cancellationToken)
    {
        var result = Path.Combine(folder, Result);
        DatasetBuilder.Build(options, result, progress: null, cancellationToken);
        var bytes = new DirectoryInfo(result).EnumerateFiles().Sum(file => file.Length);
        if (bytes > library.MostBytes)
        {
            throw new QuotaExceededException(
                $"the dataset has {bytes} bytes, more than the {Math.Max(0, library.MostBytes)} that may be stored. Remove what is not "
                    + "needed any more, or ask the operator for more"
            );
        }
        Durable.FlushFiles(result);
        return library.Keep(result);
    }
}
