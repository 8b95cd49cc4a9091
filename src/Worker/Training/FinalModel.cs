using System.Numerics.Tensors;
using System.Text.Json.Nodes;
using Google.Protobuf;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Training;

/// <summary>The weights that a job leaves: the last, the best by validation BLEU, or an average; the same on every worker.</summary>
/// <param name="Weights">One tensor a parameter.</param>
/// <param name="Sha256">Over their bytes in the order of their names.</param>
/// <param name="Bleu">Their validation BLEU; −1 where there is none.</param>
internal sealed record FinalModel(IReadOnlyList<NamedTensor> Weights, string Sha256, double Bleu)
{
    /// <summary>Chooses the weights. Where the job averages, this is a collective stage: the average is scored too.</summary>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public static FinalModel Choose(TrainingJob job, CollectiveGroup group, CancellationToken cancellationToken)
    {
        var state = job.State;
        var progress = state.Progress;
        var keepBest = job.Spec.Evaluation.FinalModel != "last" && !state.Best.IsEmpty;
        var (weights, bleu) = keepBest
            ? (state.Best.ToArray(), progress.BestBleu)
            : (state.Parameters.Weights.Host.ToArray(), progress.BestStep == progress.Step ? progress.BestBleu : -1);
        if (state.Recent.Count > 1)
        {
            var average = Average(state.Recent);
            var last = state.Parameters.Weights.Host.ToArray();
            EvaluationScores scores;
            Show(job, average);
            try
            {
                scores = Evaluation.Run(job, group, MailboxTopic.AverageEvaluation, cancellationToken);
            }
            finally
            {
                Show(job, last);
            }
            if (!keepBest || scores.Bleu.Score > bleu)
            {
                (weights, bleu) = (average, scores.Bleu.Score);
            }
        }

        var tensors = StateDict.Tensors(state.Parameters.Layout, weights).ToList();
        return new FinalModel(tensors, ModelWeights.Sha256(tensors), bleu);
    }

    /// <summary>Writes the model folder.</summary>
    public void Save(TrainingJob job, string folder)
    {
        var progress = job.State.Progress;
        var scores = new SortedDictionary<string, double>(StringComparer.Ordinal);
        if (Bleu >= 0)
        {
            scores["bleu"] = Bleu;
        }
        ModelFolder.Save(
            folder,
            Weights,
            File.ReadAllBytes(Path.Combine(job.Dataset.Folder, ModelFolder.TokenizerFile)),
            new ModelManifest
            {
                Specification = JsonNode.Parse(JsonFormatter.Default.Format(job.Spec))!.AsObject(),
                VocabularySize = job.Dataset.Tokenizer.VocabularySize,
                Counts = new SortedDictionary<string, long>(StringComparer.Ordinal)
                {
                    ["steps"] = progress.Step,
                    ["updates"] = progress.Updates,
                    ["skipped_steps"] = progress.SkippedSteps,
                    ["target_tokens"] = progress.TargetTokens,
                    ["source_tokens"] = progress.SourceTokens,
                    ["best_step"] = progress.BestStep,
                    ["evaluations"] = progress.Evaluations,
                    ["parameters"] = Weights.Sum(weight => weight.Bytes.Length / (long)sizeof(float)),
                    ["training_pairs"] = job.Dataset.TrainCount,
                    ["validation_pairs"] = job.Dataset.Validation.Count,
                },
                Scores = scores,
            }
        );
    }

    private static float[] Average(IReadOnlyList<float[]> recent)
    {
        var average = (float[])recent[0].Clone();
        foreach (var values in recent.Skip(1))
        {
            TensorPrimitives.Add(average, values, average);
        }
        TensorPrimitives.Divide(average, recent.Count, average);
        return average;
    }

    private static void Show(TrainingJob job, float[] weights)
    {
        weights.CopyTo(job.State.Parameters.Weights.Host);
        job.State.Parameters.Weights.Upload();
    }
}
