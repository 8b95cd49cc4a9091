using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Tokenization;
using TrainingCluster.Serving.Models;

namespace TrainingCluster.Serving.Batching;

/// <summary>A sentence of a call, from the queue to its answer.</summary>
internal sealed class QueuedSentence
{
    private readonly TaskCompletionSource<FoundTranslation> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TokenText? _text;

    /// <summary>The model; the call holds its lease until the sentence has ended.</summary>
    public required ServedModel Model { get; init; }

    /// <summary>How to search.</summary>
    public required SearchOptions Search { get; init; }

    /// <summary>As the client sent it.</summary>
    public required string Text { get; init; }

    /// <summary>Its tokens, the end included.</summary>
    public required int[] Source { get; init; }

    /// <summary>Tells the sentences of one call from those of others.</summary>
    public required object Call { get; init; }

    /// <summary>When it came.</summary>
    public required long Queued { get; init; }

    /// <summary>Whether attention is wanted.</summary>
    public bool WithAttention { get; init; }

    /// <summary>Gets pieces of the translation while it is written; must not wait. Null: nobody wants them.</summary>
    public Action<string>? Piece { get; init; }

    /// <summary>Cancelled when the client has gone, or its deadline has passed.</summary>
    public CancellationToken Cancelled { get; init; }

    /// <summary>Whether its first token has been written.</summary>
    public bool HasBegun { get; set; }

    /// <summary>The answer. Ends in any case: answered, cancelled or failed.</summary>
    public Task<FoundTranslation> Found => _found.Task;

    /// <summary>Tells whoever listens what is certain of the translation.</summary>
    public void Tell(ReadOnlySpan<int> settled)
    {
        if (Piece is not { } piece)
        {
            return;
        }
        _text ??= new TokenText(Model.Translator.Tokenizer);
        if (_text.Advance(settled) is { Length: > 0 } text)
        {
            piece(text);
        }
    }

    /// <summary>Answers.</summary>
    public void Complete(FoundTranslation found)
    {
        if (Piece is { } piece)
        {
            _text ??= new TokenText(Model.Translator.Tokenizer);
            if (_text.Advance([.. found.Answers[0].Tokens], isWhole: true) is { Length: > 0 } rest)
            {
                piece(rest);
            }
        }
        _found.TrySetResult(found);
    }

    /// <summary>Nobody waits any more.</summary>
    public void Cancel() => _found.TrySetCanceled(Cancelled);

    /// <summary>Something went wrong.</summary>
    public void Fail(Exception error) => _found.TrySetException(error);
}
