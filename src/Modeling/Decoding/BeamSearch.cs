using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>
/// Beam search: of each sentence, the <c>beam</c> likeliest beginnings are kept at every step. A candidate that ends and
/// is among the <c>beam</c> best is finished; a sentence is done with <c>beam</c> finished answers or at its length
/// limit, and the finished answer with the best normalised score is taken.
/// </summary>
internal static class BeamSearch
{
    public static void Run(
        SequenceToSequenceModel model,
        SentenceBatch batch,
        SearchOptions options,
        ISearchFollower follower,
        CancellationToken cancellationToken
    )
    {
        using var scope = NewDisposeScope();
        var device = SequenceSearch.DeviceOf(model);
        var (source_NS, lengths_N) = batch.ToTensors(device);
        using var state = model.BeginDecoding(source_NS, lengths_N, options.Beam);
        var live = batch
            .Sources.Select((source, sentence) => new BeamSentence(sentence, options.LimitFor(source.Length), options))
            .ToList();
        // Twice the beam: were the best half all to end, as many would still go on.
        var candidates = new BestCandidates((int)Math.Min(2L * options.Beam, (long)options.Beam * model.VocabularySize));
        while (live.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            var tokens = live.SelectMany(sentence => sentence.LastTokens).ToArray();
            var logits_RV = SequenceSearch.NextScores(model, state, tokens, device);
            var logProbabilities_RV = logits_RV.log_softmax(1).cpu();
            var (rows, stay) = (new List<long>(), new List<long>());
            for (var i = 0; i < live.Count; i++)
            {
                candidates.Clear();
                for (var row = 0; row < options.Beam; row++)
                {
                    candidates.Add(
                        SequenceSearch.RowOf(logProbabilities_RV, (i * options.Beam) + row),
                        live[i].LogProbabilities[row],
                        (long)row * model.VocabularySize
                    );
                }
                var parents = live[i].Advance(candidates.Scores, candidates.Places, model.VocabularySize);
                rows.AddRange(parents.Select(parent => (long)i * options.Beam + parent));
                var number = batch.Numbers[live[i].Number];
                if (!follower.Wants(number))
                {
                    continue;
                }
                follower.Advance(number, live[i].Settled());
                if (live[i].Answers is { } answers)
                {
                    follower.Finish(number, answers);
                }
                else
                {
                    stay.Add(i);
                }
            }
            if (stay.Count == 0)
            {
                break;
            }
            if (rows.Where((row, i) => row != i).Any())
            {
                state.Reorder(tensor(rows.ToArray(), device: device));
            }
            var keep = SequenceSearch.CloseRanks(stay);
            if (keep.Length < live.Count)
            {
                state.Keep(tensor(keep, device: device));
            }
            live = [.. keep.Select(i => live[(int)i])];
        }
    }
}
