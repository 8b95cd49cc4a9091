using System.Globalization;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Golden;

/// <summary>Outputs and all gradients against PyTorch's own modules, to 1e-5 of the largest value.</summary>
public class GoldenTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-5;

    [Fact]
    public void AttentionPooling_EveryScoreAndMask_AgreesWithPyTorch() =>
        Check(
            "pooling",
            golden =>
            {
                var (q, k, v, mask) = (golden.Input("q"), golden.Input("k"), golden.Input("v"), Mask(golden));
                if (golden.Parts[0] == "nadaraya-watson")
                {
                    var regression = new NadarayaWatson(learned: true);
                    golden.Weights(regression);
                    golden.Output("weights", regression.Weights(q, k, mask));
                    return regression.forward(q, k, v, mask);
                }
                AttentionScore score = golden.Parts[0] switch
                {
                    "gaussian" => new KernelScore(learned: true),
                    "additive" => new AdditiveScore(q.shape[2], k.shape[2], 7),
                    "dot" => new DotProductScore(scaled: false),
                    _ => new DotProductScore(),
                };
                var pooling = new AttentionPooling(score);
                golden.Weights(pooling);
                golden.Output("weights", pooling.Weights(q, k, mask));
                return pooling.forward(q, k, v, mask);
            }
        );

    [Fact]
    public void ScaledDotProductAttention_EveryMask_AgreesWithItsEquation() =>
        Check(
            "dot_product",
            golden => ScaledDotProductAttention.Apply(golden.Input("q"), golden.Input("k"), golden.Input("v"), Mask(golden))
        );

    [Fact]
    public void MultiHeadAttention_EveryMaskAndSize_AgreesWithPyTorch() =>
        Check(
            "multi_head",
            golden =>
            {
                var q = golden.Input("q");
                var mask = Mask(golden);
                if (golden.Parts[0] == "sizes")
                {
                    var (key, value) = (golden.Input("k"), golden.Input("v"));
                    var general = new MultiHeadAttention(
                        new MultiHeadSizes
                        {
                            Query = 6,
                            Key = 5,
                            Value = 7,
                            Heads = 3,
                            QueryHead = 4,
                            KeyHead = 4,
                            ValueHead = 3,
                            Output = 8,
                        }
                    );
                    golden.Weights(general);
                    return general.forward(q, key, value, mask);
                }
                var attention = new MultiHeadAttention(15, 3);
                golden.Weights(attention);
                var k = golden.Parts[0] == "self" ? q : golden.Input("k");
                return attention.forward(q, k, k, mask);
            }
        );

    [Fact]
    public void PositionalEncodings_Always_AgreeWithTheirEquations() =>
        Check(
            "positions",
            golden =>
            {
                if (golden.Parts[0] == "sinusoidal")
                {
                    var sides = golden.Constant("outputs/y").shape;
                    return new SinusoidalEncoding(sides[1]).Positions(0, sides[0], CPU);
                }
                var x = golden.Input("x");
                return new RotaryEncoding(x.shape[3]).forward(x, long.Parse(golden.Parts[1], CultureInfo.InvariantCulture));
            }
        );

    [Fact]
    public void Transformer_EveryVariant_AgreesWithPyTorch() =>
        CheckModel(
            "transformer",
            golden => new Transformer(
                new TransformerOptions
                {
                    Width = (int)golden.Constant("weights/encoder.norm.weight").shape[0],
                    Heads = 3,
                    Layers = 2,
                    FeedForward = 13,
                    Dropout = 0,
                    PreNorm = golden.Name != "post",
                    SharedEmbeddings = golden.Has("weights/embedding.weight"),
                    Positions = golden.Name switch
                    {
                        "learned" => PositionKind.Learned,
                        "rotary" => PositionKind.Rotary,
                        _ => PositionKind.Sinusoidal,
                    },
                    LearnedPositions = 9,
                },
                vocabularySize: 17
            )
        );

    [Fact]
    public void RecurrentAttention_EveryVariant_AgreesWithPyTorch() =>
        CheckModel(
            "recurrent",
            golden => new RecurrentAttention(
                new RecurrentAttentionOptions
                {
                    Width = 7,
                    Layers = 2,
                    Dropout = 0,
                    Lstm = golden.Name.StartsWith("lstm", StringComparison.Ordinal),
                    AdditiveScore = golden.Has("weights/decoder.score.w_v.weight"),
                    SharedEmbeddings = golden.Has("weights/embedding.weight"),
                },
                vocabularySize: 17
            )
        );

    private static AttentionMask? Mask(GoldenCase golden)
    {
        var keys = golden.Constant("inputs/" + (golden.Has("inputs/k") ? "k" : "q")).shape.Reverse().Skip(1).FirstOrDefault();
        AttentionMask? mask = null;
        if (golden.Has("inputs/causal"))
        {
            mask = AttentionMask.Causal;
        }
        if (golden.Has("inputs/allowed"))
        {
            mask = AttentionMask.FromBoolean(golden.Constant("inputs/allowed"));
        }
        if (golden.Has("inputs/lengths"))
        {
            mask = (mask ?? AttentionMask.None).And(AttentionMask.FromLengths(golden.Constant("inputs/lengths"), keys));
        }
        return mask;
    }

    private void CheckModel(string file, Func<GoldenCase, SequenceToSequenceModel> create) =>
        Check(
            file,
            golden =>
            {
                using var model = create(golden);
                golden.Weights(model);
                var (source, lengths) = (golden.Constant("inputs/source"), golden.Constant("inputs/lengths"));
                var input = golden.Constant("inputs/decoder_input");
                golden.Output("logits", model.Logits(source, lengths, input));
                var loss = model.Loss(source, lengths, input, golden.Constant("inputs/labels"), labelSmoothing: 0.1);
                golden.Output("loss", loss.reshape(1));
                loss.backward();
                golden.CompareGradients();
                return null;
            }
        );

    private void Check(string file, Func<GoldenCase, Tensor?> compute)
    {
        using var golden = new GoldenFile(file);
        var errors = new List<(string What, double Error)>();
        var cases = 0;
        foreach (var one in golden.Cases)
        {
            using var scope = NewDisposeScope();
            if (compute(one) is { } result)
            {
                one.Output("y", result);
                one.Backward(result);
            }
            errors.AddRange(one.Errors);
            cases++;
        }
        foreach (var mechanism in errors.GroupBy(error => error.What.Split('/', ':')[0]))
        {
            var worst = mechanism.MaxBy(error => error.Error);
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{file} {mechanism.Key}: worst {worst.Error:e1} of {mechanism.Count()} comparisons ({worst.What})"
                )
            );
        }
        Assert.True(cases >= 5 && errors.Count >= 10, $"{file} holds {cases} cases with {errors.Count} comparisons.");
        Assert.All(errors, error => Assert.True(error.Error <= Tolerance, $"{error.What}: relative error {error.Error:e2}"));
    }
}
