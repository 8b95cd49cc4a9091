using TorchSharp.Modules;
using static TorchSharp.torch;
using Adam = TrainingCluster.Modeling.Course.Adam;

namespace TrainingCluster.Modeling.Tests.Course;

public class AdamTests
{
    [Fact]
    public void Step_AFewTimes_DoesWhatTorchSharpsDoes()
    {
        using var scope = NewDisposeScope();
        var (ours, theirs) = (Weights(), Weights());
        using var adam = new Adam([ours], learningRate: 0.05);
        using var reference = optim.Adam([theirs], lr: 0.05);
        for (var step = 1; step <= 20; step++)
        {
            adam.ZeroGradients();
            reference.zero_grad();
            foreach (var weights in (Parameter[])[ours, theirs])
            {
                weights.sin().mul(tensor(new[] { 3f, -1f, 1e-3f })).sum().backward();
            }
            adam.Step();
            reference.step();
            Assert.Equal(theirs.data<float>(), ours.data<float>());
        }
    }

    [Fact]
    public void Step_ParameterWithoutGradient_StaysAsItIs()
    {
        using var scope = NewDisposeScope();
        var weights = Weights();
        using var adam = new Adam([weights], learningRate: 0.05);
        adam.ZeroGradients();
        adam.Step();
        Assert.Equal([0.5f, -2f, 0f], weights.data<float>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    public void Adam_LearningRateThatLearnsNothing_IsRefused(double learningRate) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adam([], learningRate));

    private static Parameter Weights() => new(tensor(new[] { 0.5f, -2f, 0f }));
}
