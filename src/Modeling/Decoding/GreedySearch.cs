using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>Takes the likeliest token at every step. Sentences that have ended, or that nobody wants any more, leave the batch.</summary>
internal static class GreedySearch
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
        using var state = model.BeginDecoding(source_NS, lengths_N);
        var live = Enumerable.Range(0, batch.Sources.Count).ToList();
        var written = batch.Sources.Select(_ => new List<int>()).ToArray();
        var logProbability = new double[batch.Sources.Count];
        var tokens = Enumerable.Repeat(SequenceSearch.BosId, live.Count).ToArray();
        while (live.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            var scores_RV = SequenceSearch.NextScores(model, state, tokens, device);
            var normalizers = scores_RV.logsumexp(1).cpu().data<float>().ToArray();
            var read_RV = scores_RV.cpu();
            var chosen = new int[live.Count];
            var stay = new List<long>();
            for (var row = 0; row < live.Count; row++)
            {
                var sentence = live[row];
                var scores_V = SequenceSearch.RowOf(read_RV, row);
                chosen[row] = TensorPrimitives.IndexOfMax(scores_V);
                if (!follower.Wants(batch.Numbers[sentence]))
                {
                    continue;
                }
                logProbability[sentence] += scores_V[chosen[row]] - normalizers[row];
                var ended = chosen[row] == SequenceSearch.EosId;
                if (!ended)
                {
                    written[sentence].Add(chosen[row]);
                    follower.Advance(batch.Numbers[sentence], CollectionsMarshal.AsSpan(written[sentence]));
                }
                if (!ended && written[sentence].Count < options.LimitFor(batch.Sources[sentence].Length))
                {
                    stay.Add(row);
                    continue;
                }
                var length = written[sentence].Count + (ended ? 1 : 0);
                var score = SequenceSearch.Score(logProbability[sentence], length, options);
                follower.Finish(batch.Numbers[sentence], [new Hypothesis(written[sentence], logProbability[sentence], score, ended)]);
            }
            var keep = SequenceSearch.CloseRanks(stay);
            tokens = [.. keep.Select(row => chosen[row])];
            if (keep.Length > 0 && keep.Length < live.Count)
            {
                state.Keep(tensor(keep, device: device));
            }
            live = [.. keep.Select(row => live[(int)row])];
        }
    }
}
