using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>Where a small recurrent model looks while it writes.</summary>
public static class CrossAttention
{
    /// <summary>The weights under teacher forcing, as a mean over the sequences of a batch.</summary>
    /// <param name="model">Its weights stay as they are.</param>
    /// <param name="batch">Sequences of one length, such as <see cref="ReversalTask"/> gives.</param>
    /// <returns>[T, S]: a row a token that is written, the end token last; a column a token of the source, the end token last.</returns>
    public static float[,] Of(RecurrentAttention model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batch);
        var map = new float[batch.TargetWidth, batch.SourceWidth];
        var step = 0;
        var training = model.training;
        model.eval();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        model.Decoder.Recorder = weights_B1S =>
        {
            using (weights_B1S)
            {
                var mean_S = weights_B1S.mean([0, 1]).data<float>().ToArray();
                Buffer.BlockCopy(mean_S, 0, map, step++ * mean_S.Length * sizeof(float), mean_S.Length * sizeof(float));
            }
        };
        try
        {
            ToyTrainer.Loss(model, batch);
        }
        finally
        {
            model.Decoder.Recorder = null;
            model.train(training);
        }
        return map;
    }
}
