using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Native;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

public class PackedTransformerStateTests
{
    /// <summary>Scores of every step are those of the model's own steps to the bit, while beams and sentences move and leave.</summary>
    [Theory]
    [InlineData("pre", "sinusoidal", 32, 64)]
    [InlineData("pre", "learned", 64, 96)]
    [InlineData("post", "sinusoidal", 32, 64)]
    [InlineData("pre", "none", 48, 1024)]
    [InlineData("pre", "rotary", 32, 64)]
    [InlineData("post", "rotary", 40, 64)]
    [InlineData("pre", "sinusoidal", 256, 1024)]
    public void DecodeStep_PackedWeights_GivesTheBitsOfTheModelsOwnSteps(string norm, string positions, int width, int inner)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Create(
            "transformer",
            spec =>
            {
                (spec["norm"], spec["positions"], spec["dModel"], spec["feedForward"]) = (norm, positions, width, inner);
            }
        );
        model.eval();
        var (source_NS, lengths_N, _, _) = TinyModels.Batch(rows: 5);
        foreach (var beams in new[] { 1, 3 })
        {
            using var own = model.BeginDecoding(source_NS, lengths_N, beams);
            using var search = model.BeginSearch();
            using var packed = model.BeginDecoding(source_NS, lengths_N, beams);
            Assert.IsType<TransformerState>(own);
            Assert.IsType<PackedTransformerState>(packed);
            var random = new Random(3);
            // Beyond the room that there is at first.
            for (var step = 0; step < 36; step++)
            {
                using var inStep = NewDisposeScope();
                var tokens_R = tensor(
                    Enumerable.Range(0, (int)own.Rows).Select(_ => (long)random.Next(3, TinyModels.Vocabulary)).ToArray()
                );
                var expected = model.DecodeStep(own, tokens_R);
                Assert.Equal(expected.bytes.ToArray(), model.DecodeStep(packed, tokens_R).bytes.ToArray());
                var rows_R = tensor(
                    Enumerable.Range(0, (int)own.Rows).Select(row => (long)((row / beams * beams) + random.Next(beams))).ToArray()
                );
                own.Reorder(rows_R);
                packed.Reorder(rows_R);
                if (step is 3 or 20)
                {
                    // The last takes the place of one that leaves.
                    var kept_N = step == 3 ? tensor(new long[] { 0, 4, 2, 3 }) : tensor(new long[] { 1, 2 });
                    own.Keep(kept_N);
                    packed.Keep(kept_N);
                }
            }
        }
    }

    [Fact]
    public void Multiply_PackedMatrix_GivesTheBitsOfLibtorchsProductWhateverTheRows()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        foreach (var (outputs, inputs) in new[] { (24, 16), (256, 1024), (1000, 256), (96, 512) })
        {
            var weight_OI = randn(outputs, inputs);
            using var packed = PackedMatrix.TryCreate(weight_OI);
            Assert.NotNull(packed);
            foreach (var rows in new[] { 1, 2, 3, 4, 7, 16, 65, 300 })
            {
                var x_RI = randn(rows, inputs);
                var y_RO = empty(rows, outputs);
                unsafe
                {
                    fixed (
                        byte* x = x_RI.bytes,
                            y = y_RO.bytes
                    )
                    {
                        packed.Multiply((float*)x, rows, (float*)y, add: false);
                    }
                }
                Assert.Equal(nn.functional.linear(x_RI, weight_OI).bytes.ToArray(), y_RO.bytes.ToArray());
            }
        }
    }

    [Fact]
    public void BeginSearch_FrozenModel_IsReadyAndAnotherForTheWhile()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Create("transformer");
        model.eval();
        var (source_NS, lengths_N, _, _) = TinyModels.Batch();
        using (model.BeginSearch())
        {
            using var during = model.BeginDecoding(source_NS, lengths_N);
            Assert.IsType<PackedTransformerState>(during);
        }
        using (var after = model.BeginDecoding(source_NS, lengths_N))
        {
            Assert.IsType<TransformerState>(after);
        }
        model.Freeze();
        Assert.Null(model.BeginSearch());
        using var state = model.BeginDecoding(source_NS, lengths_N);
        Assert.IsType<PackedTransformerState>(state);
    }
}
