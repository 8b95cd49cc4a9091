using System.Globalization;
using System.Xml.Linq;
using TrainingCluster.Cli.Figures;
using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Cli.Tests.Figures;

/// <summary>What the pictures of the course say is so.</summary>
public class CourseNumberTests
{
    [Theory]
    [InlineData(4, 0.39, 0.2)]
    [InlineData(64, 0.83, 0.22)]
    [InlineData(1024, 0.96, 0.21)]
    public void SoftmaxOf_LargerVectors_SaturatesUnlessScaled(long size, double unscaled, double scaled)
    {
        Assert.Equal(unscaled, ScoreFigures.SoftmaxOf(size, scaled: false).LargestWeight, 0.006);
        Assert.Equal(scaled, ScoreFigures.SoftmaxOf(size, scaled: true).LargestWeight, 0.006);
    }

    [Fact]
    public void SoftmaxOf_LargerVectors_LosesItsGradientUnlessScaled()
    {
        Assert.True(ScoreFigures.SoftmaxOf(1024, scaled: false).Gradient < 0.005);
        Assert.True(ScoreFigures.SoftmaxOf(1024, scaled: true).Gradient > 0.04);
    }

    [Fact]
    public void Gradient_OfASoftmax_IsTheDiagonalOfItsJacobian()
    {
        using var scope = NewDisposeScope();
        var scores = tensor(new[] { 0.3f, -1.2f, 2f, 0.7f }).requires_grad_();
        var weights = scores.softmax(-1);
        for (var i = 0; i < 4; i++)
        {
            var slope = autograd.grad([weights[i]], [scores], retain_graph: true)[0][i].item<float>();
            Assert.Equal(slope, weights.mul(weights.neg().add(1))[i].item<float>(), 1e-6);
        }
    }

    [Fact]
    public void LearnSharpness_TheCoursesExamples_FindsTheLeastErrorOnExamplesLeftOut()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var (x, y) = PoolingFigures.NoisyExamples();
        double learned;
        using (enable_grad())
        {
            using var regression = PoolingFigures.LearnSharpness(x, y);
            learned = regression.Sharpness;
        }
        var best = Error(learned);
        Assert.All(new[] { 0.8, 0.95, 1.05, 1.25 }, factor => Assert.True(Error(factor * learned) > best, $"{factor}"));

        double Error(double sharpness)
        {
            using var regression = new NadarayaWatson(sharpness);
            var others = AttentionMask.FromBoolean(eye(x.shape[0], dtype: ScalarType.Bool).logical_not());
            return regression.forward(x, x, y, others).sub(y).pow(2).mean().item<float>();
        }
    }

    [Fact]
    public void Rotation_HollowToFilled_IsTheMatrixThatIsPrinted()
    {
        var dots = XDocument
            .Parse(PositionFigures.Rotation())
            .Descendants()
            .Where(element => element.Name.LocalName == "circle")
            .Select(circle => (X: Number(circle, "cx"), Y: Number(circle, "cy")))
            .ToList();
        for (var panel = 0; panel < 3; panel++)
        {
            var angle = 3 * SinusoidalEncoding.Frequency(2 * panel + 1, 32);
            for (var start = 0; start < 3; start++)
            {
                var (from, to) = (dots[6 * panel + 2 * start], dots[6 * panel + 2 * start + 1]);
                // To the right the sine, upwards the cosine.
                var (sine, cosine) = (from.X - 130 - 256 * panel, 160 - from.Y);
                Assert.Equal(Math.Cos(angle) * sine + Math.Sin(angle) * cosine, to.X - 130 - 256 * panel, 0.05);
                Assert.Equal(-Math.Sin(angle) * sine + Math.Cos(angle) * cosine, 160 - to.Y, 0.05);
            }
        }

        static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
    }
}
