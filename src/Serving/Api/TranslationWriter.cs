using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Tokenization;
using TrainingCluster.Serving.Batching;
using TrainingCluster.Serving.Models;
using TrainingCluster.V1;
using AttentionKind = TrainingCluster.V1.AttentionKind;

namespace TrainingCluster.Serving.Api;

/// <summary>Makes messages of what was found.</summary>
internal static class TranslationWriter
{
    private static readonly int s_maxSourceTokens = new SearchOptions().MaxSourceTokens;

    /// <summary>A blank text's translation.</summary>
    public static Translation Blank { get; } = new();

    /// <summary>A translation.</summary>
    /// <param name="sentence">What was translated.</param>
    /// <param name="found">What was found.</param>
    /// <param name="alternatives">How many others to tell, if there are so many.</param>
    public static Translation Write(QueuedSentence sentence, FoundTranslation found, int alternatives)
    {
        var tokenizer = sentence.Model.Translator.Tokenizer;
        var best = found.Answers[0];
        var translation = new Translation
        {
            Text = TextOf(best, tokenizer),
            Score = best.Score,
            LogProbability = best.LogProbability,
            Truncated = !best.Ended,
            SourceTokens = sentence.Source.Length,
            TargetTokens = best.Tokens.Count,
            Attention = found.Attention is { } attention ? Write(attention) : null,
        };
        translation.Alternatives.AddRange(
            found
                .Answers.Skip(1)
                .Take(alternatives)
                .Select(other => new TranslationAlternative
                {
                    Text = TextOf(other, tokenizer),
                    Score = other.Score,
                    LogProbability = other.LogProbability,
                    Truncated = !other.Ended,
                    TargetTokens = other.Tokens.Count,
                })
        );
        return translation;
    }

    /// <summary>A model as ListModels tells of it.</summary>
    public static Model Write(ModelView view)
    {
        var (offer, loaded) = (view.Offer, view.Loaded);
        return new Model
        {
            Id = offer.Id,
            State =
                loaded is not null ? ModelState.Loaded
                : offer.IsWaiting ? ModelState.Waiting
                : !offer.IsThere || view.Problem.Length > 0 ? ModelState.Unusable
                : ModelState.Available,
            Reason =
                !offer.IsThere ? offer.Problem
                : view.Problem.Length > 0 ? view.Problem
                : (loaded?.Offer ?? offer).Note,
            Namespace = offer.Namespace,
            WeightsSha256 = loaded?.Translator.Manifest?.WeightsSha256 ?? offer.WeightsSha256,
            MaxSourceTokens = s_maxSourceTokens,
            VocabularySize = loaded?.Translator.Tokenizer.VocabularySize ?? 0,
            LoadTime = loaded is null ? null : Timestamp.FromDateTimeOffset(loaded.Loaded),
        };
    }

    private static string TextOf(Hypothesis hypothesis, BpeTokenizer tokenizer) => tokenizer.Decode([.. hypothesis.Tokens]);

    private static TranslationAttention Write(AttentionRecording recording)
    {
        var attention = new TranslationAttention();
        attention.SourceTokens.AddRange(recording.SourceTokens);
        attention.TargetTokens.AddRange(recording.Steps.Select(step => step.Written));
        foreach (var map in recording.Maps)
        {
            var head = new AttentionHead
            {
                Kind = map.Kind switch
                {
                    Modeling.Decoding.AttentionKind.EncoderSelf => AttentionKind.EncoderSelf,
                    Modeling.Decoding.AttentionKind.DecoderSelf => AttentionKind.DecoderSelf,
                    _ => AttentionKind.Cross,
                },
                Layer = map.Layer,
                Head = map.Head,
                Rows = map.Queries.Count,
                Columns = map.Keys.Count,
            };
            head.Weights.AddRange(map.Weights);
            attention.Heads.Add(head);
        }
        return attention;
    }
}
