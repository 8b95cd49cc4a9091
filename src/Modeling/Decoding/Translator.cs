using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>A model and its vocabulary: sentences in, sentences out.</summary>
public sealed class Translator : IDisposable
{
    private readonly bool _ownsModel;

    /// <summary>Makes a translator of a model that stays the caller's.</summary>
    /// <exception cref="ArgumentException">The vocabulary is not the model's.</exception>
    public Translator(SequenceToSequenceModel model, BpeTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (model.VocabularySize != tokenizer.VocabularySize)
        {
            throw new ArgumentException(
                $"The model has {model.VocabularySize} tokens and the tokenizer {tokenizer.VocabularySize}: they do not belong together.",
                nameof(tokenizer)
            );
        }
        Model = model;
        Tokenizer = tokenizer;
    }

    private Translator(LoadedModel loaded, BpeTokenizer tokenizer)
        : this(loaded.Model, tokenizer)
    {
        _ownsModel = true;
        loaded.Model.Freeze();
        Manifest = loaded.Manifest;
    }

    /// <summary>The model.</summary>
    public SequenceToSequenceModel Model { get; }

    /// <summary>The vocabulary.</summary>
    public BpeTokenizer Tokenizer { get; }

    /// <summary>What the model's folder says of it; null when it came from none.</summary>
    public ModelManifest? Manifest { get; }

    /// <summary>Loads a model folder.</summary>
    /// <exception cref="ModelFolderException">A file is missing, damaged or of another version; the message names it.</exception>
    public static Translator Open(string folder)
    {
        var loaded = ModelFolder.Load(folder);
        try
        {
            return new Translator(loaded, BpeTokenizer.Load(loaded.TokenizerPath));
        }
        catch (Exception error) when (error is TokenizerException or ArgumentException)
        {
            loaded.Model.Dispose();
            throw new ModelFolderException($"{folder}: {error.Message}", error);
        }
    }

    /// <summary>Translates sentences, batched by length; the answers come in the order of the sentences.</summary>
    /// <param name="sentences">One sentence a text. One without anything but white space stays empty.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the search between steps.</param>
    public IReadOnlyList<string> Translate(
        IReadOnlyList<string> sentences,
        SearchOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(sentences);
        var answers = new string[sentences.Count];
        Array.Fill(answers, "");
        var numbers = Enumerable.Range(0, sentences.Count).Where(number => !string.IsNullOrWhiteSpace(sentences[number])).ToList();
        var found = SequenceSearch.Search(Model, [.. numbers.Select(number => Encode(sentences[number]))], options, cancellationToken);
        for (var i = 0; i < found.Count; i++)
        {
            answers[numbers[i]] = Tokenizer.Decode([.. found[i].Tokens]);
        }
        return answers;
    }

    /// <summary>A sentence's tokens as the encoder takes them: its end-of-sequence token included.</summary>
    public int[] Encode(string sentence) => [.. Tokenizer.Encode(sentence), BpeTokenizer.EosId];

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsModel)
        {
            Model.Dispose();
        }
    }
}
