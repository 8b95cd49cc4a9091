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
        var candidates = (int)Math.Min(2L * options.Beam, (long)options.Beam * model.VocabularySize);
        while (live.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            var tokens = live.SelectMany(sentence => sentence.LastTokens).ToArray();
            var logits_RV = SequenceSearch.NextScores(model, state, tokens, device);
            var before_R1 = tensor(live.SelectMany(sentence => sentence.LogProbabilities).ToArray(), device: device).unsqueeze(1);
            var total_NC = logits_RV.log_softmax(1).add(before_R1).view(live.Count, -1);
            var (best_NC, place_NC) = total_NC.topk(candidates, 1);
            var best = best_NC.cpu().data<float>().ToArray();
            var place = place_NC.cpu().data<long>().ToArray();
            var (rows, keep) = (new List<long>(), new List<long>());
            for (var i = 0; i < live.Count; i++)
            {
                var parents = live[i]
                    .Advance(best.AsSpan(i * candidates, candidates), place.AsSpan(i * candidates, candidates), model.VocabularySize);
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
                    keep.Add(i);
                }
            }
            if (keep.Count == 0)
            {
                break;
            }
            if (rows.Where((row, i) => row != i).Any())
            {
                state.Reorder(tensor(rows.ToArray(), device: device));
            }
            if (keep.Count < live.Count)
            {
                state.Keep(tensor(keep.ToArray(), device: device));
            }
            live = [.. keep.Select(i => live[(int)i])];
        }
    }
}
