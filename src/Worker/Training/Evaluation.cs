using System.Diagnostics;
using System.Text;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Scoring;
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

    /// <summary>Scores the weights that the model holds now.</summary>
    /// <param name="job">The job.</param>
    /// <param name="group">The generation's group.</param>
    /// <param name="topic">Under which topic the counts are exchanged.</param>
    /// <param name="cancellationToken">Ends the translation between two slices.</param>
    /// <param name="scores">The scores; null after a failure.</param>
    public static CollectiveFailure? Run(
        TrainingJob job,
        CollectiveGroup group,
        MailboxTopic topic,
        CancellationToken cancellationToken,
        out EvaluationScores? scores
    )
    {
        scores = null;
        var start = Stopwatch.GetTimestamp();
        var pairs = Limited(job);
        var shards = group.Plan.LogicalShards;
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes, Encoding.UTF8, leaveOpen: true))
        {
            foreach (var shard in group.Plan.Own.Shards)
            {
                if (group.Failure is { } ended)
                {
                    return ended;
                }
                Slice(job, Deal(pairs, shard, shards), cancellationToken).Write(writer, shard);
            }
        }

        if (group.AllGather(job.State.Progress.Step, topic, bytes.ToArray(), Stopwatch.GetElapsedTime(start), out var all) is { } failure)
        {
            return failure;
        }
        var slices = new SliceCounts?[shards];
        foreach (var value in all)
        {
            using var reader = new BinaryReader(new MemoryStream(value), Encoding.UTF8);
            while (reader.BaseStream.Position < reader.BaseStream.Length)
            {
                slices[reader.ReadInt32()] = SliceCounts.Read(reader);
            }
        }

        scores = Add(slices, pairs);
        return null;
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

    private static SliceCounts Slice(TrainingJob job, List<ValidationPair> pairs, CancellationToken cancellationToken)
    {
        if (pairs.Count == 0)
        {
            return SliceCounts.Empty;
        }
        var options = new SearchOptions { Beam = job.Spec.Evaluation.Beam };
        var found = SequenceSearch.Search(
            job.Model,
            [.. pairs.Select(pair => (int[])[.. pair.Source, SequenceSearch.EosId])],
            options,
            cancellationToken
        );
        var counts = SliceCounts.Empty with { Sample = job.Dataset.Tokenizer.Decode([.. found[0].Tokens]) };
        for (var i = 0; i < pairs.Count; i++)
        {
            var hypothesis = job.Dataset.Tokenizer.Decode([.. found[i].Tokens]);
            counts = counts with
            {
                Bleu = counts.Bleu + Bleu.Statistics(hypothesis, pairs[i].TargetText),
                ChrF = counts.ChrF + ChrF.Statistics(hypothesis, pairs[i].TargetText),
                Exact = counts.Exact + (hypothesis == pairs[i].TargetText ? 1 : 0),
                Sentences = counts.Sentences + 1,
            };
        }

        return AddLoss(job, pairs, counts);
    }

    private static SliceCounts AddLoss(TrainingJob job, List<ValidationPair> pairs, SliceCounts counts)
    {
        job.Model.eval();
        using var plain = no_grad();
        foreach (var rows in pairs.Chunk(LossBatchRows))
        {
            using var scope = NewDisposeScope();
            var batch = BatchBuilder.Build([.. rows.Select(pair => pair.Source)], [.. rows.Select(pair => pair.Target)]);
            counts = counts with
            {
                Loss = counts.Loss + MicroBatch.Loss(job, batch, labelSmoothing: 0).item<float>(),
                TargetTokens = counts.TargetTokens + batch.TargetTokens,
            };
        }

        job.Model.train();
        return counts;
    }

    private static EvaluationScores Add(SliceCounts?[] slices, List<ValidationPair> pairs)
    {
        var sum = SliceCounts.Empty;
        for (var shard = 0; shard < slices.Length; shard++)
        {
            var slice = slices[shard] ?? throw new InvalidDataException($"The counts of validation slice {shard} are missing.");
            sum = new SliceCounts(
                sum.Bleu + slice.Bleu,
                sum.ChrF + slice.ChrF,
                sum.Exact + slice.Exact,
                sum.Sentences + slice.Sentences,
                sum.TargetTokens + slice.TargetTokens,
                sum.Loss + slice.Loss,
                ""
            );
        }

        var sample = Deal(pairs, slices.Length / 2, slices.Length).FirstOrDefault();
        return new EvaluationScores(
            Bleu.Compute(sum.Bleu),
            ChrF.Compute(sum.ChrF).Score,
            sum.Loss / Math.Max(1, sum.TargetTokens),
            sum.Exact / (double)Math.Max(1, sum.Sentences),
            (int)sum.Sentences,
            sample?.SourceText ?? "",
            slices[slices.Length / 2]!.Sample,
            sample?.TargetText ?? ""
        );
    }

    private sealed record SliceCounts(
        BleuStatistics Bleu,
        ChrFStatistics ChrF,
        long Exact,
        long Sentences,
        long TargetTokens,
        double Loss,
        string Sample
    )
    {
        public static SliceCounts Empty { get; } = new(BleuStatistics.Empty, ChrFStatistics.Empty, 0, 0, 0, 0, "");

        public void Write(BinaryWriter writer, int shard)
        {
            writer.Write(shard);
            foreach (var count in (long[])[.. Bleu.ToArray(), .. ChrF.ToArray(), Exact, Sentences, TargetTokens])
            {
                writer.Write(count);
            }
            writer.Write(Loss);
            writer.Write(Sample);
        }

        public static SliceCounts Read(BinaryReader reader)
        {
            long[] Counts(int length) => [.. Enumerable.Range(0, length).Select(_ => reader.ReadInt64())];
            return new SliceCounts(
                new BleuStatistics(Counts(BleuStatistics.Length)),
                new ChrFStatistics(Counts(ChrFStatistics.Length)),
                reader.ReadInt64(),
                reader.ReadInt64(),
                reader.ReadInt64(),
                reader.ReadDouble(),
                reader.ReadString()
            );
        }
    }
}
