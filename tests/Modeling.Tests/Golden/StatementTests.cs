using System.Text.Json.Nodes;
using TorchSharp;
using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Golden;

/// <summary>
/// The statements of the course on attention against numbers that <c>make_statements.py</c> computed from their equations alone.
/// </summary>
public class StatementTests
{
    private static readonly JsonObject s_statements = JsonNode
        .Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "statements.json")))!
        .AsObject();

    [Theory]
    [InlineData(Kernel.Gaussian)]
    [InlineData(Kernel.Epanechnikov)]
    [InlineData(Kernel.Boxcar)]
    [InlineData(Kernel.Constant)]
    public void NadarayaWatson_EachKernel_IsTheMeanWeightedByIt(Kernel kernel)
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["kernels"]!;
        using var regression = new NadarayaWatson((double)statement["sharpness"]!, kernel: kernel);
        var found = regression.forward(Read(statement["x"]), Read(statement["examples"]), Read(statement["values"]));
        AssertClose(statement["results"]![kernel.ToString()], found);
    }

    [Fact]
    public void MaskedSoftmax_LengthsAndCausal_AreSharesOfWhatIsAllowed()
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["masked_softmax"]!;
        var scores = Read(statement["scores"]);
        var lengths = Read(statement["lengths"]).to(int64).unsqueeze(0);
        AssertClose(statement["by_length"], MaskedSoftmax.Apply(scores, AttentionMask.FromLengths(lengths, 5)));
        AssertClose(statement["causal"], MaskedSoftmax.Apply(scores, AttentionMask.Causal));
    }

    [Fact]
    public void AdditiveScore_QueriesOfTwoAndKeysOfFourFeatures_IsItsEquation()
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["additive_score"]!;
        var (q, k, v) = Inputs(statement);
        using var score = new AdditiveScore(2, 4, 5);
        using var attention = new AdditiveAttention(2, 4, 5);
        foreach (var (prefix, module) in new (string, torch.nn.Module)[] { ("", score), ("pooling.score.", attention) })
        {
            foreach (var name in new[] { "W_q", "W_k", "w_v" })
            {
                Set(module, $"{prefix}{name}.weight", statement[name]);
            }
        }
        AssertClose(statement["scores"], score.forward(q, k).squeeze(0));
        AssertClose(statement["weights"], attention.Weights(q, k).squeeze(0));
        AssertClose(statement["y"], attention.forward(q, k, v).squeeze(0));
    }

    [Fact]
    public void ScaledDotProduct_ScoresWeightsAndSums_AreTheirEquation()
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["scaled_dot_product"]!;
        var (q, k, v) = Inputs(statement);
        using var score = new DotProductScore();
        AssertClose(statement["scores"], score.forward(q, k).squeeze(0));
        AssertClose(statement["weights"], ScaledDotProductAttention.Weights(q, k).squeeze(0));
        AssertClose(statement["y"], ScaledDotProductAttention.Apply(q, k, v).squeeze(0));
    }

    [Fact]
    public void MultiHeadAttention_QueryHeadsSmallerThanKeyHeads_IsItsEquation()
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["multi_head"]!;
        var (q, k, v) = Inputs(statement);
        using var attention = new MultiHeadAttention(
            new MultiHeadSizes
            {
                Query = 3,
                Key = 4,
                Value = 5,
                Heads = 2,
                QueryHead = 2,
                KeyHead = 3,
                ValueHead = 4,
                Output = 6,
            },
            score: new AdditiveScore(2, 3, 5)
        );
        SetAll(attention, statement);
        AssertClose(statement["weights"], attention.Weights(q, k).squeeze(0));
        AssertClose(statement["y"], attention.forward(q, k, v).squeeze(0));
    }

    [Fact]
    public void SelfAttention_TwoCausalHeads_IsItsEquation()
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["self_attention"]!;
        using var attention = new SelfAttention(4, heads: 2);
        SetAll(attention, statement);
        var x = Read(statement["x"]).unsqueeze(0);
        AssertClose(statement["weights"], attention.Weights(x, AttentionMask.Causal).squeeze(0));
        AssertClose(statement["y"], attention.forward(x, AttentionMask.Causal).squeeze(0));
    }

    [Fact]
    public void PositionalEncoding_ScaledEmbeddingsFromAStart_AreAddedToTheirPositions()
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["positions"]!;
        var (x, start) = (Read(statement["x"]).unsqueeze(0), (long)statement["start"]!);
        using var sinusoidal = new SinusoidalEncoding(6);
        AssertClose(statement["y"], sinusoidal.forward(x, (double)statement["scale"]!, start).squeeze(0));
        // Learned positions are added the same way.
        using var learned = new LearnedEncoding(length: 7, width: 6);
        using var noGradients = no_grad();
        learned.parameters().Single().copy_(sinusoidal.Positions(0, 7, CPU));
        AssertClose(statement["y"], learned.forward(x, (double)statement["scale"]!, start).squeeze(0));
    }

    [Fact]
    public void SinusoidalEncoding_Shift_IsTheMatrixOfItsRotation()
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["positions"]!;
        var (shift, pair) = ((long)statement["shift"]!, (long)statement["pair"]!);
        using var encoding = new SinusoidalEncoding(6);
        var columns = encoding.Positions(0, 40, CPU).narrow(1, 2 * pair, 2);
        var turned = columns.narrow(0, 0, 40 - shift).matmul(Read(statement["matrix"]).t());
        Assert.True(turned.allclose(columns.narrow(0, shift, 40 - shift), 1e-5, 1e-6));
    }

    [Fact]
    public void RotaryEncoding_FromAStart_TurnsEachPair()
    {
        using var scope = NewDisposeScope();
        var statement = s_statements["rotary"]!;
        using var rotary = new RotaryEncoding(6);
        var x = Read(statement["x"]).unsqueeze(0).unsqueeze(0);
        AssertClose(statement["y"], rotary.forward(x, (long)statement["start"]!).squeeze(0).squeeze(0));
    }

    private static (Tensor Q, Tensor K, Tensor V) Inputs(JsonNode statement) =>
        (Read(statement["q"]).unsqueeze(0), Read(statement["k"]).unsqueeze(0), Read(statement["v"]).unsqueeze(0));

    private static void SetAll(torch.nn.Module module, JsonNode statement)
    {
        var weights = statement["weights_of_layer"]!.AsObject();
        Assert.Equal(weights.Count, module.named_parameters().Count());
        foreach (var (name, values) in weights)
        {
            Set(module, name, values);
        }
    }

    private static void Set(torch.nn.Module module, string name, JsonNode? values)
    {
        using var noGradients = no_grad();
        module.named_parameters().Single(pair => pair.name == name).parameter.copy_(Read(values));
    }

    private static Tensor Read(JsonNode? node)
    {
        var sides = new List<long>();
        for (var first = node; first is JsonArray array; first = array[0])
        {
            sides.Add(array.Count);
        }
        return tensor(Flatten(node!).ToArray(), sides.ToArray());

        static IEnumerable<float> Flatten(JsonNode node) =>
            node is JsonArray array ? array.SelectMany(one => Flatten(one!)) : [(float)(double)node];
    }

    private static void AssertClose(JsonNode? expected, Tensor found)
    {
        var wanted = Read(expected);
        Assert.Equal(wanted.shape, found.shape);
        var difference = found.detach().sub(wanted).abs().max().item<float>();
        Assert.True(
            difference < 1e-6 * Math.Max(1, wanted.abs().max().item<float>()),
            $"{difference:e1} apart: {wanted.ToString(true)} and {found.ToString(true)}"
        );
    }
}
