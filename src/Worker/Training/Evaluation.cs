using System.Diagnostics;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Scoring;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Training;

/// <summary>Scores of the whole validation pair; the same doubles on every worker.</summary>
internal sealed record EvaluationScores(
    BleuScore Bleu,
    double ChrF,
    double Loss,
    double ExactMatch,
    int Sentences,
    string SampleSource,
    string SampleHypothesis,
    string SampleReference
);

/// <summary>
/// Translation of the validation pair as a collective stage: it is cut into one slice a logical shard, each worker translates the
/// slices of its shards, and the counts (whole numbers, and one loss a slice) are exchanged. It does not matter which
/// worker translates what.
/// </summary>
internal static class Evaluation
{
    private const int LossBatchRows = 64;
    private const long MostCounted = 1L << 40;

    /// <summary>Scores the weights that the model holds now.</summary>
    /// <param name="job">The job.</param>
    /// <param name="group">The generation's group.</param>
    /// <param name="topic">Under which topic the counts are exchanged.</param>
    /// <param name="cancellationToken">Ends the translation between two slices.</param>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public static EvaluationScores Run(TrainingJob job, CollectiveGroup group, MailboxTopic topic, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var pairs = Limited(job);
        var shards = group.Plan.LogicalShards;
        var own = new MemberEvaluation();
        foreach (var shard in group.Plan.Own.Shards)
        {
            group.Detector.ThrowIfFailed();
            own.Slices.Add(Slice(job, shard, Deal(pairs, shard, shards), cancellationToken));
        }
        var all = group.Mailbox.AllGather(job.State.Progress.Step, topic, own, Stopwatch.GetElapsedTime(start));
        return Add(all, pairs, shards);
    }

    private static List<ValidationPair> Limited(TrainingJob job)
    {
        var most = job.Spec.Evaluation.MaxSentences;
        var pairs = job.Dataset.Validation;
        return [.. most > 0 ? pairs.Take(most) : pairs];
    }

    /// <summary>By length, dealt in turn: slices of like work.</summary>
    private static List<ValidationPair> Deal(List<ValidationPair> pairs, int shard, int shards) =>
        [.. pairs.OrderByDescending(pair => pair.Source.Length).Where((_, i) => i % shards == shard)];

    private static SliceCounts Slice(TrainingJob job, int shard, List<ValidationPair> pairs, CancellationToken cancellationToken)
    {
        if (pairs.Count == 0)
        {
            return Counts(shard, BleuStatistics.Empty, ChrFStatistics.Empty);
        }
        var options = new SearchOptions { Beam = job.Spec.Evaluation.Beam };
        var found = SequenceSearch.Search(
            job.Model,
            [.. pairs.Select(pair => (int[])[.. pair.Source, SequenceSearch.EosId])],
            options,
            cancellationToken
        );
        var (bleu, chrF, exact) = (BleuStatistics.Empty, ChrFStatistics.Empty, 0);
        for (var i = 0; i < pairs.Count; i++)
        {
            var hypothesis = job.Dataset.Tokenizer.Decode([.. found[i].Tokens]);
            bleu += Bleu.Statistics(hypothesis, pairs[i].TargetText);
            chrF += ChrF.Statistics(hypothesis, pairs[i].TargetText);
            exact += hypothesis == pairs[i].TargetText ? 1 : 0;
        }
        var counts = Counts(shard, bleu, chrF);
        (counts.ExactMatches, counts.Sentences) = (exact, pairs.Count);
        counts.Sample = job.Dataset.Tokenizer.Decode([.. found[0].Tokens]);
        AddLoss(job, pairs, counts);
        return counts;
    }

    private static SliceCounts Counts(int shard, BleuStatistics bleu, ChrFStatistics chrF) =>
        new()
        {
            Shard = shard,
            Bleu = { bleu.ToArray() },
            Chrf = { chrF.ToArray() },
        };

    private static void AddLoss(TrainingJob job, List<ValidationPair> pairs, SliceCounts counts)
    {
        job.Model.eval();
        using var plain = no_grad();
        foreach (var rows in pairs.Chunk(LossBatchRows))
        {
            using var scope = NewDisposeScope();
            var batch = BatchBuilder.Build([.. rows.Select(pair => pair.Source)], [.. rows.Select(pair => pair.Target)]);
            counts.Loss += MicroBatch.Loss(job, batch, labelSmoothing: 0).item<float>();
            counts.TargetTokens += batch.TargetTokens;
        }
        job.Model.train();
    }

    /// <summary>Whether these are as many counts as the scores have, none of them so large that a sum of them is none.</summary>
    private static bool CanBe(SliceCounts slice) =>
        slice.Bleu.Count == BleuStatistics.Length
        && slice.Chrf.Count == ChrFStatistics.Length
        && slice
            .Bleu.Concat(slice.Chrf)
            .Concat([slice.ExactMatches, slice.Sentences, slice.TargetTokens])
            .All(count => count is >= 0 and <= MostCounted);

    /// <summary>Adds up what the members counted.</summary>
    /// <param name="members">What each member said.</param>
    /// <param name="pairs">The validation pairs.</param>
    /// <param name="shards">V: the slice of each shard must be there once.</param>
    /// <exception cref="InvalidDataException">A slice is missing, there twice, or has no such counts.</exception>
    internal static EvaluationScores Add(IEnumerable<MemberEvaluation> members, List<ValidationPair> pairs, int shards)
    {
        SliceCounts[] slices = [.. members.SelectMany(member => member.Slices).OrderBy(slice => slice.Shard)];
        if (!slices.Select(slice => slice.Shard).SequenceEqual(Enumerable.Range(0, shards)))
        {
            throw new InvalidDataException($"The counts of {slices.Length} validation slices came, not of each of {shards} once.");
        }
        if (slices.FirstOrDefault(slice => !CanBe(slice)) is { } wrong)
        {
            throw new InvalidDataException($"The counts of validation slice {wrong.Shard} cannot be.");
        }
        var bleu = slices.Aggregate(BleuStatistics.Empty, (sum, slice) => sum + new BleuStatistics([.. slice.Bleu]));
        var chrF = slices.Aggregate(ChrFStatistics.Empty, (sum, slice) => sum + new ChrFStatistics([.. slice.Chrf]));
        var loss = slices.Aggregate(0.0, (sum, slice) => sum + slice.Loss);
        var sentences = slices.Sum(slice => slice.Sentences);
        var middle = shards / 2;
        var sample = Deal(pairs, middle, shards).FirstOrDefault();
        return new EvaluationScores(
            Bleu.Compute(bleu),
            ChrF.Compute(chrF).Score,
            loss / Math.Max(1, slices.Sum(slice => slice.TargetTokens)),
            slices.Sum(slice => slice.ExactMatches) / (double)Math.Max(1, sentences),
            (int)sentences,
            sample?.SourceText ?? "",
            slices[middle].Sample,
            sample?.TargetText ?? ""
        );
    }
}
