using TrainingCluster.Errors;
using TrainingCluster.Serving.Batching;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Api;

/// <summary>Reads what a call asks for, and tells all that is wrong with it at once.</summary>
internal static class CallReader
{
    /// <summary>The call, held against the limits that need no model.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: what is wrong with which field.</exception>
    public static TranslationCall Read(
        string model,
        IReadOnlyList<(string Field, string Text)> texts,
        SearchSettings? search,
        bool withAttention,
        Action<string>? piece,
        BatchingOptions batching
    )
    {
        var problems = new List<(string, string)>();
        var options = SearchReader.Read(search, batching.MaxTokens, problems);
        if (texts.Count is 0 or > RequestLimits.Texts)
        {
            problems.Add(("texts", $"there are {texts.Count}; give 1 to {RequestLimits.Texts}"));
        }
        else
        {
            problems.AddRange(
                texts
                    .Select(text => (text.Field, Problem: TextReader.ProblemOf(text.Text)))
                    .Where(p => p.Problem is not null)
                    .Select(p => (p.Field, p.Problem!))
            );
        }
        return problems.Count == 0
            ? new TranslationCall(model, texts, options, search?.Alternatives ?? 0, withAttention, piece)
            : throw RpcErrors.Invalid([.. problems]);
    }
}
