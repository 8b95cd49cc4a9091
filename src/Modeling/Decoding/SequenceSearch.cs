using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Modeling.Tokenization;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>Finds a model's answers to sentences of tokens: greedily, or by beam search.</summary>
public static class SequenceSearch
{
    /// <summary>The token that begins every answer.</summary>
    public const int BosId = BpeTokenizer.BosId;

    /// <summary>The token that ends every answer.</summary>
    public const int EosId = BpeTokenizer.EosId;

    /// <summary>
    /// The best answer to each sentence. Sentences of like length are searched together; the answers come in the order
    /// of the sentences. The model is put into evaluation mode for the while.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="sources">Tokens of each sentence, its end-of-sequence token included; at least one token each.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the search between steps.</param>
    public static IReadOnlyList<Hypothesis> Search(
        SequenceToSequenceModel model,
        IReadOnlyList<int[]> sources,
        SearchOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sources);
        options ??= new SearchOptions();
        options.Validate();
        var cut = sources.Select(source => Cut(source, options)).ToList();
        var answers = new Hypothesis[sources.Count];
        var wasTraining = model.training;
        model.eval();
        try
        {
            using var noGradients = no_grad();
            foreach (var batch in SentenceBatch.Cut(cut, options.BatchTokens / options.Beam))
            {
                var found =
                    options.Beam == 1
                        ? GreedySearch.Run(model, batch, options, cancellationToken)
                        : BeamSearch.Run(model, batch, options, cancellationToken);
                for (var i = 0; i < found.Count; i++)
                {
                    answers[batch.Numbers[i]] = found[i];
                }
            }
        }
        finally
        {
            model.train(wasTraining);
        }
        return answers;
    }

    /// <summary>The source as it is searched with: without what is too long, and with its end.</summary>
    internal static int[] Cut(int[] source, SearchOptions options) =>
        source.Length <= options.MaxSourceTokens ? source : [.. source.Take(options.MaxSourceTokens - 1), EosId];

    /// <summary>Scores of the next token, with those that no answer may hold, padding and the beginning, out of reach.</summary>
    internal static Tensor NextScores(SequenceToSequenceModel model, DecoderState state, int[] tokens, Device device)
    {
        var scores_RV = model.DecodeStep(state, tensor(tokens.Select(token => (long)token).ToArray(), device: device));
        scores_RV.narrow(1, 0, 2).fill_(Number.Of(double.NegativeInfinity));
        return scores_RV;
    }

    internal static Device DeviceOf(SequenceToSequenceModel model) => model.parameters().First().device;

    internal static double Score(double logProbability, int length, SearchOptions options) =>
        logProbability / Math.Pow(Math.Max(1, length), options.LengthPenalty);
}
