using TorchSharp;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// A task that one head cannot do. Each of six places wants the first half of its own features and the second half of those at
/// the mirror place. One head gives W_o W_v m for one weighted mean m of the values; from m = w a + (1 − w) b the two halves
/// cannot both be had: the squared error of a standard normal is (1 − w)² / (w² + (1 − w)²) for one and the rest of 1 for the other,
/// so the mean is 1/2 for every w. Two heads can look at one place each.
/// </summary>
public static class TwoPlaces
{
    /// <summary>Places of a sequence.</summary>
    public const int Places = 6;

    private const int Width = 8;
    private const int Rows = 64;
    private const double LearningRate = 0.02;

    /// <summary>Trains an attention layer whose queries and keys are the places and whose values are random features.</summary>
    /// <param name="heads">H; divides 8.</param>
    /// <param name="steps">Updates; default 300.</param>
    /// <returns>The mean squared error of each step, before its update.</returns>
    public static IReadOnlyList<double> Train(int heads, int steps = 300)
    {
        using var scope = NewDisposeScope();
        using var attention = new MultiHeadAttention(Sizes(heads));
        Initialisation.Fill(attention, seed: 1);
        using var optimizer = new Adam(attention.parameters(), LearningRate);
        var random = new DeterministicRandom(seed: 1);
        // A place is one feature of its own.
        var places_1TQ = eye(Places).unsqueeze(0).expand(Rows, Places, Places);
        var losses = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            using var one = NewDisposeScope();
            optimizer.ZeroGradients();
            var x_BTD = RandomTensors.Normal(random, Rows, Places, Width);
            var loss = torch.nn.functional.mse_loss(attention.forward(places_1TQ, places_1TQ, x_BTD), Wanted(x_BTD));
            loss.backward();
            optimizer.Step();
            losses.Add(loss.item<float>());
        }
        return losses;
    }

    private static Tensor Wanted(Tensor x_BTD) => cat([x_BTD.narrow(2, 0, Width / 2), x_BTD.flip(1).narrow(2, Width / 2, Width / 2)], 2);

    private static MultiHeadSizes Sizes(int heads) =>
        new()
        {
            Query = Places,
            Key = Places,
            Value = Width,
            Heads = heads,
            QueryHead = Places,
            KeyHead = Places,
            ValueHead = Width / heads,
            Output = Width,
        };
}
