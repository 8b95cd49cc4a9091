using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// Adam (Kingma and Ba 2015, algorithm 1) with a constant rate, for small models in one process. The cluster trains with AdamW over the
/// whole buffer of parameters (src/Worker/Optimization).
/// </summary>
/// <remarks>TorchSharp's own computes with temporary numbers, which a collection may free too early: see <see cref="Number"/>.</remarks>
public sealed class Adam : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private readonly (Parameter Value, Tensor Mean, Tensor Square)[] _parameters;
    private readonly double _learningRate;
    private int _steps;

    /// <summary>Moments of zero for each parameter.</summary>
    /// <param name="parameters">What is trained, in place; of any shapes. They stay their owner's.</param>
    /// <param name="learningRate">α, above 0.</param>
    public Adam(IEnumerable<Parameter> parameters, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(learningRate);
        _learningRate = learningRate;
        _parameters = [.. parameters.Select(parameter => (parameter, Zeros(parameter), Zeros(parameter)))];
    }

    /// <summary>Forgets the gradients of the step before.</summary>
    public void ZeroGradients()
    {
        foreach (var (parameter, _, _) in _parameters)
        {
            parameter.grad?.zero_();
        }
    }

    /// <summary>
    /// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
    /// θ ← θ − α / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).
    /// A parameter without a gradient stays as it is.
    /// </summary>
    public void Step()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        _steps++;
        // Numbers of this step alone, which live until its end.
        using var size = (-_learningRate / (1 - Math.Pow(Beta1, _steps))).ToScalar();
        using var correction = Math.Sqrt(1 - Math.Pow(Beta2, _steps)).ToScalar();
        foreach (var (parameter, mean, square) in _parameters)
        {
            if (parameter.grad is not { } gradient)
            {
                continue;
            }
            mean.mul_(Number.Of(Beta1)).add_(gradient, Number.Of(1 - Beta1));
            square.mul_(Number.Of(Beta2)).addcmul_(gradient, gradient, Number.Of(1 - Beta2));
            parameter.addcdiv_(mean, square.sqrt().div_(correction).add_(Number.Of(Epsilon), Number.Of(1)), size);
        }
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        foreach (var (_, mean, square) in _parameters)
        {
            mean.Dispose();
            square.Dispose();
        }
    }

    private static Tensor Zeros(Parameter parameter) => zeros_like(parameter).DetachFromDisposeScope();
}
