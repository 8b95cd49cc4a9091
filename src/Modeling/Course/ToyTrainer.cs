using TorchSharp;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// Trains a small model on a small task, in one process and in seconds: Adam (Kingma and Ba 2015) with a constant rate,
/// a new batch each step. The cluster trains with more than that (src/Worker/Training).
/// </summary>
public static class ToyTrainer
{
    /// <summary>Trains a model in place.</summary>
    /// <param name="model">A model for the task's vocabulary.</param>
    /// <param name="task">Where the batches come from.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="afterStep">Called with 0 before the first step and n after step n, the model in evaluation mode; null: nobody.</param>
    /// <returns>The loss of each step, before its update, in nats a token.</returns>
    public static IReadOnlyList<double> Train(
        SequenceToSequenceModel model,
        ReversalTask task,
        ToyTrainingOptions? options = null,
        Action<int>? afterStep = null
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(task);
        options ??= new ToyTrainingOptions();
        var random = new DeterministicRandom(options.Seed);
        // Dropout draws from libtorch's own generator.
        torch.manual_seed((long)options.Seed);
        using var optimizer = new Adam(model.parameters(), options.LearningRate);
        var losses = new List<double>();
        Report(model, 0, afterStep);
        for (var step = 1; step <= options.Steps; step++)
        {
            using var scope = NewDisposeScope();
            optimizer.ZeroGradients();
            var batch = task.Draw(options.Rows, random);
            var loss = Loss(model, batch).div(Number.Of(batch.TargetTokens));
            loss.backward();
            torch.nn.utils.clip_grad_norm_(model.parameters(), options.GradientNorm);
            optimizer.Step();
            losses.Add(loss.item<float>());
            Report(model, step, afterStep);
        }
        return losses;
    }

    /// <summary>The loss of a batch, added up over its labels, in nats.</summary>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(SequenceToSequenceModel model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batch);
        using var scope = NewDisposeScope();
        var lengths_B = tensor(batch.SourceLengths.Select(length => (long)length).ToArray());
        return model
            .Loss(
                tensor(batch.Source, [batch.Rows, batch.SourceWidth]),
                lengths_B,
                tensor(batch.DecoderInput, [batch.Rows, batch.TargetWidth]),
                tensor(batch.Labels, [batch.Rows, batch.TargetWidth]),
                labelSmoothing: 0
            )
            .MoveToOuterDisposeScope();
    }

    private static void Report(SequenceToSequenceModel model, int step, Action<int>? afterStep)
    {
        if (afterStep is null)
        {
            return;
        }
        model.eval();
        afterStep(step);
        model.train();
    }
}
