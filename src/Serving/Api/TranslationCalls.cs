using Grpc.Core;
using TrainingCluster.Access;
using TrainingCluster.AttentionView;
using TrainingCluster.Errors;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Serving.Batching;
using TrainingCluster.Serving.Models;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Api;

/// <summary>What a call asks for, read and held against the limits.</summary>
/// <param name="Model">Empty: the only one.</param>
/// <param name="Texts">Each with the name of its field, for messages.</param>
/// <param name="Search">How to search.</param>
/// <param name="Alternatives">Other translations to tell.</param>
/// <param name="WithAttention">Whether attention is wanted.</param>
/// <param name="Piece">Gets pieces of the first text's translation; null: nobody wants them.</param>
internal sealed record TranslationCall(
    string Model,
    IReadOnlyList<(string Field, string Text)> Texts,
    SearchOptions Search,
    int Alternatives,
    bool WithAttention,
    Action<string>? Piece
);

/// <summary>Takes calls from the request to the answer.</summary>
/// <param name="library">The models.</param>
/// <param name="queue">Where sentences wait.</param>
/// <param name="engine">Computes them.</param>
/// <param name="time">The clock.</param>
internal sealed class TranslationCalls(ModelLibrary library, SentenceQueue queue, TranslationEngine engine, TimeProvider time)
{
    private static readonly TimeSpan s_retrySource = TimeSpan.FromSeconds(5);

    /// <summary>
    /// 1. finds the model; 2. keeps it in memory; 3. cuts the texts into tokens; 4. queues them; 5. waits for all of them, whatever
    /// happens; 6. answers.
    /// </summary>
    /// <exception cref="RpcException">As inference.proto says.</exception>
    public Task<TranslateResponse> RunAsync(TranslationCall call, Caller caller, CancellationToken cancellationToken) =>
        RunAsync(
            call,
            caller,
            async (id, model, sentences) =>
            {
                var response = new TranslateResponse { Model = id, WeightsSha256 = model.Translator.Manifest?.WeightsSha256 ?? "" };
                foreach (var sentence in sentences)
                {
                    response.Translations.Add(
                        sentence is null
                            ? TranslationWriter.Blank
                            : TranslationWriter.Write(sentence, await sentence.Found, call.Alternatives)
                    );
                }
                return response;
            },
            cancellationToken
        );

    /// <summary>The same for people who want to see what the model looked at: one HTML page, of the call's only text.</summary>
    /// <exception cref="RpcException">As inference.proto says.</exception>
    public Task<string> LookAsync(TranslationCall call, Caller caller, CancellationToken cancellationToken) =>
        RunAsync(
            call,
            caller,
            async (_, model, sentences) =>
                sentences is [{ } sentence] && (await sentence.Found).Attention is { } recording
                    ? AttentionPage.Create(recording, ModelFacts.Of(model.Translator), new(null, null, []))
                    : throw RpcErrors.Invalid((call.Texts[0].Field, "has no words")),
            cancellationToken
        );

    private async Task<T> RunAsync<T>(
        TranslationCall call,
        Caller caller,
        Func<string, ServedModel, IReadOnlyList<QueuedSentence?>, Task<T>> answer,
        CancellationToken cancellationToken
    )
    {
        // 1.
        var id = Find(call.Model, caller);
        // 2.
        var (model, hold) = await AcquireAsync(id, cancellationToken);
        using var held = hold;
        // 3.
        var sentences = Cut(call, model, cancellationToken);
        // 4.
        QueuedSentence[] queued = [.. sentences.OfType<QueuedSentence>()];
        if (!queue.TryAdd(queued))
        {
            throw RpcErrors.Info(
                StatusCode.ResourceExhausted,
                "QUEUE_FULL",
                $"{queue.Count} sentences wait already, too many for {queued.Length} more; try again later, or start another server",
                engine.RetryAfter
            );
        }
        // 5.
        // Those that are being computed end at their next step: until then the model must stay.
        await using var cancelling = cancellationToken.Register(() => Array.ForEach(queued, queue.Remove));
        await Task.WhenAll(queued.Select(sentence => sentence.Found)).WaitAsync(CancellationToken.None);
        // 6.
        return await answer(id, model, sentences);
    }

    /// <summary>The models that a caller may call.</summary>
    public IEnumerable<ModelView> Visible(Caller caller) =>
        library.List().Where(view => view.Offer.Namespace.Length == 0 || caller.Covers(view.Offer.Namespace));

    private string Find(string name, Caller caller)
    {
        var visible = Visible(caller).Select(view => view.Offer.Id).ToList();
        if (name.Length > 0)
        {
            // A model of another namespace is not there.
            return visible.Contains(name, StringComparer.Ordinal)
                ? name
                : throw RpcErrors.NotFound("model", name, "ListModels tells which there are");
        }
        return visible is [var only]
            ? only
            : throw RpcErrors.Invalid(
                (
                    "model",
                    visible.Count == 0
                        ? "is empty, and no model is served yet"
                        : $"is empty, and {visible.Count} models are served; name one (ListModels)"
                )
            );
    }

    private async Task<(ServedModel Model, IDisposable Hold)> AcquireAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await library.AcquireAsync(id, cancellationToken);
        }
        catch (ModelUnusableException error)
        {
            throw error.Problem switch
            {
                ModelProblem.Unknown => RpcErrors.NotFound("model", id, "ListModels tells which there are"),
                ModelProblem.Waiting => RpcErrors.Info(StatusCode.FailedPrecondition, "MODEL_WAITING", error.Message, s_retrySource),
                ModelProblem.SourceUnavailable => RpcErrors.Info(
                    StatusCode.Unavailable,
                    "MODEL_SOURCE_UNAVAILABLE",
                    error.Message,
                    s_retrySource
                ),
                _ => RpcErrors.Precondition("MODEL_UNUSABLE", $"model {id} cannot be used: {error.Message}"),
            };
        }
    }

    /// <summary>The call's sentences in the order of its texts; null for a blank one.</summary>
    private List<QueuedSentence?> Cut(TranslationCall call, ServedModel model, CancellationToken cancellationToken)
    {
        var (problems, weights, sentences) = (new List<(string, string)>(), 0L, new List<QueuedSentence?>());
        var now = time.GetTimestamp();
        foreach (var (field, text) in call.Texts)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                sentences.Add(null);
                continue;
            }
            var source = model.Translator.Encode(text);
            if (TextReader.ProblemOf(source.Length, call.Search) is { } problem)
            {
                problems.Add((field, problem));
                continue;
            }
            weights += call.WithAttention ? TextReader.AttentionWeights(model.Translator.Model, source.Length, call.Search) : 0;
            sentences.Add(
                new QueuedSentence
                {
                    Model = model,
                    Search = call.Search,
                    Text = text,
                    Source = source,
                    Call = call,
                    Queued = now,
                    WithAttention = call.WithAttention,
                    Piece = call.Piece,
                    Cancelled = cancellationToken,
                }
            );
        }
        if (weights > RequestLimits.AttentionWeights)
        {
            problems.Add(
                (
                    "include_attention",
                    $"this call could have {weights} attention weights, and {RequestLimits.AttentionWeights} are sent at most; give fewer or "
                        + "shorter texts"
                )
            );
        }
        return problems.Count == 0 ? sentences : throw RpcErrors.Invalid([.. problems]);
    }
}
