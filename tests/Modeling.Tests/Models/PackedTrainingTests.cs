using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

/// <summary>The loss of packed sentences and its gradients, beside those of a padded rectangle of single operations.</summary>
public class PackedTrainingTests
{
    [Theory]
    [InlineData(64, "float32", "sinusoidal", true)]
    [InlineData(64, "float32", "sinusoidal", false)]
    [InlineData(64, "float32", "learned", true)]
    [InlineData(64, "bfloat16", "sinusoidal", true)]
    [InlineData(64, "bfloat16", "sinusoidal", false)]
    [InlineData(36, "bfloat16", "sinusoidal", true)]
    public void Loss_IsThatOfPaddedSentencesAndItsGradients(int width, string precision, string positions, bool isShared)
    {
        using var scope = NewDisposeScope();
        using var model = (Transformer)
            TinyModels.Create(
                "transformer",
                spec =>
                    (spec["dModel"], spec["feedForward"], spec["positions"], spec["sharedEmbeddings"]) = (
                        width,
                        2 * width,
                        positions,
                        isShared
                    )
            );
        var packed = Gradients(model, precision, passes: 1);
        var packedTwice = Gradients(model, precision, passes: 2);
        // Where somebody looks on, attention is computed as single operations, of padded sentences.
        model.Encoder.Blocks[0].SelfAttention.Recorder = weights => weights.Dispose();
        AssertClose(Gradients(model, precision, passes: 1), packed, precision);
        AssertClose(Gradients(model, precision, passes: 2), packedTwice, precision);
    }

    private static List<(string Name, Tensor Value)> Gradients(Transformer model, string precision, int passes)
    {
        var batch = TinyModels.Batch(6);
        model.zero_grad();
        using (Autocast.Enable(precision))
        {
            var loss =
                passes == 1
                    ? model.Loss(batch.Source, batch.Lengths, batch.Input, batch.Labels, 0.1)
                    : model.RDropLoss(batch.Source, batch.Lengths, batch.Input, batch.Labels, 0.1, 2);
            loss.backward();
            return [("loss", loss.detach()), .. model.named_parameters().Select(one => (one.name, one.parameter.grad!.clone()))];
        }
    }

    private static void AssertClose(List<(string Name, Tensor Value)> expected, List<(string Name, Tensor Value)> found, string precision)
    {
        // Of the greatest gradient of all: those of the keys' biases are zero but for the rounding.
        var greatest = expected.Skip(1).Max(one => one.Value.abs().max().item<float>());
        foreach (var (one, other) in expected.Zip(found))
        {
            var difference = one.Value.sub(other.Value).abs().max().item<float>();
            var limit = (precision == "float32" ? 1e-5 : 0.02) * Math.Max(greatest, one.Name == "loss" ? one.Value.item<float>() : 0);
            Assert.True(difference <= limit, $"{one.Name}: {difference}, {limit}");
        }
    }
}
