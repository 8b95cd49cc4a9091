namespace TrainingCluster.Modeling.Course;

/// <summary>How one variant of a model learned.</summary>
/// <param name="Name">What was taken away, or what it has.</param>
/// <param name="Losses">Of each step, in nats a token, under teacher forcing.</param>
/// <param name="Right">Share of new sequences that the trained model writes without an error.</param>
/// <param name="RightInAnyOrder">Share of new sequences whose letters it writes, in whatever order.</param>
public sealed record AblationRun(string Name, IReadOnlyList<double> Losses, double Right, double RightInAnyOrder)
{
    /// <summary>Steps at the end over which <see cref="FinalLoss"/> is a mean, so that one bad batch does not count.</summary>
    private const int LastSteps = 50;

    /// <summary>The loss at the end of training, in nats a token.</summary>
    public double FinalLoss => Losses.TakeLast(LastSteps).Average();
}
