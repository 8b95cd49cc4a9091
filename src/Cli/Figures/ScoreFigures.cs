using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Cli.Figures;

/// <summary>The pictures of the two scores.</summary>
public static class ScoreFigures
{
    private const int Keys = 20;
    private const int Queries = 400;

    /// <summary>How an additive score compares queries of two features with keys of four: every product on the way.</summary>
    public static string AdditiveScore()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        const int QuerySize = 2,
            KeySize = 4,
            Hidden = 6;
        using var score = new Modeling.Attention.AdditiveScore(QuerySize, KeySize, Hidden);
        var random = new DeterministicRandom(4);
        foreach (var parameter in score.parameters())
        {
            parameter.copy_(RandomTensors.Normal(random, parameter.shape).mul(Number.Of(0.7)));
        }
        var (q, k) = (RandomTensors.Normal(random, 1, 3, QuerySize), RandomTensors.Normal(random, 1, 5, KeySize));
        var projections = score.parameters().Take(2).ToArray();
        var (projectedQueries, projectedKeys) = (q.matmul(projections[0].t()), score.ProjectKeys(k));
        var scores = score.forward(q, k);
        var weights = Modeling.Attention.MaskedSoftmax.Apply(scores);
        var drawing = new SvgDrawing(
            900,
            330,
            "Additive score of queries and keys of different sizes",
            "Three queries of two features and five keys of four features are both brought to six features; the scores are a weighted sum "
                + "of the hyperbolic tangent of their sums, and the softmax over the keys makes weights of them."
        );
        var colored = new[] { q, k, projectedQueries, projectedKeys, scores };
        var limit = Math.Ceiling(colored.Max(part => part.abs().max().item<float>()));
        Signed("queries: size 2", q, "query", "feature").Draw(drawing, 8, 8);
        Signed("keys: size 4", k, "key", "feature").Draw(drawing, 8, 142);
        Signed("W_q q: size 6", projectedQueries, "query", "hidden feature").Draw(drawing, 204, 8);
        Signed("W_k k: size 6", projectedKeys, "key", "hidden feature").Draw(drawing, 204, 142);
        Signed("score w_vᵀ tanh(W_q q + W_k k)", scores, "query", "key").Draw(drawing, 474, 8);
        var map = Part("weights: softmax over the keys", weights, "query", "key") with { Most = 1 };
        map.Draw(drawing, 474, 142);
        var signed = Signed("", q, "", "");
        signed.DrawScale(drawing, 20, 300);
        drawing.Text(160, 308, "all but the weights", 10);
        map.DrawScale(drawing, 510, 300);
        drawing.Text(650, 308, "weights", 10);
        drawing.Text(740, 40, "Queries and keys of", 10);
        drawing.Text(740, 54, "different sizes meet in", 10);
        drawing.Text(740, 68, "the hidden features.", 10);
        drawing.Text(740, 174, "Each row adds up to 1.", 10);
        return drawing.ToString();

        HeatMap Signed(string title, Tensor values, string rowAxis, string columnAxis) =>
            Part(title, values, rowAxis, columnAxis) with
            {
                Least = -limit,
                Most = limit,
                Scale = ColorScale.Cividis,
            };
        static HeatMap Part(string title, Tensor values, string rowAxis, string columnAxis)
        {
            var (rows, columns) = ((int)values.shape[1], (int)values.shape[2]);
            return new()
            {
                Values = CourseFigures.Numbers(values),
                Rows = rows,
                Columns = columns,
                CellWidth = 36,
                CellHeight = 20,
                Digits = 2,
                Title = title,
                RowTicks = [.. Enumerable.Range(0, rows).Select(row => (row, $"{row}"))],
                ColumnTicks = [.. Enumerable.Range(0, columns).Select(column => (column, $"{column}"))],
                RowAxis = rowAxis,
                ColumnAxis = columnAxis,
            };
        }
    }

    /// <summary>Why a dot product is divided by √d: what the softmax makes of it, for sizes d from 4 to 1,024.</summary>
    public static string WhySqrtD()
    {
        double[] sizes = [4, 16, 64, 256, 1024];
        var scaled = sizes.Select(size => (Size: size, Softmax: SoftmaxOf((long)size, scaled: true))).ToList();
        var unscaled = sizes.Select(size => (Size: size, Softmax: SoftmaxOf((long)size, scaled: false))).ToList();
        var drawing = new SvgDrawing(
            920,
            330,
            "Why the dot product is divided by √d",
            $"Softmax over {Keys} keys of dot products of vectors of d independent features of variance 1. Left: the largest weight, which "
                + "grows towards 1 with d unless the product is divided by √d. Right: how much a weight moves with its score, which then "
                + "vanishes."
        );
        Chart("largest weight", [0, 0.2, 0.4, 0.6, 0.8, 1], one => one.LargestWeight).Draw(drawing, 0, 4);
        double[] gradients = [0, 0.01, 0.02, 0.03, 0.04, 0.05];
        Chart("gradient of the softmax: ∂α/∂s = α (1 − α)", gradients, one => one.Gradient).Draw(drawing, 460, 4);
        return drawing.ToString();

        LineChart Chart(string title, double[] ticks, Func<(double LargestWeight, double Gradient), double> value) =>
            new()
            {
                Title = title,
                XName = $"d, features of queries and keys ({Keys} keys)",
                YName = "mean",
                Width = 450,
                Height = 320,
                XTicks = sizes,
                XIsLogarithmic = true,
                YTicks = ticks,
                Series =
                [
                    new ChartSeries("qᵀk / √d", [.. scaled.Select(one => (one.Size, value(one.Softmax)))]),
                    new ChartSeries("qᵀk", [.. unscaled.Select(one => (one.Size, value(one.Softmax)))]),
                ],
            };
    }

    /// <summary>What the softmax makes of dot products of normal vectors.</summary>
    /// <returns>
    /// Means: the largest weight of a query, and ∂αᵢ/∂sᵢ = αᵢ (1 − αᵢ) of all weights, what a gradient is multiplied by on
    /// its way through the softmax.
    /// </returns>
    public static (double LargestWeight, double Gradient) SoftmaxOf(long size, bool scaled)
    {
        using var scope = NewDisposeScope();
        var random = new DeterministicRandom(1, (ulong)size);
        var (q, k) = (RandomTensors.Normal(random, Queries, 1, size), RandomTensors.Normal(random, Queries, Keys, size));
        using var pooling = new AttentionPooling(new DotProductScore(scaled));
        var weights = pooling.Weights(q, k);
        return (weights.amax([-1]).mean().item<float>(), weights.mul(weights.neg().add(Number.Of(1), Number.Of(1))).mean().item<float>());
    }
}
