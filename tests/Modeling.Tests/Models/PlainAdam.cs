using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

/// <summary>Adam in four lines a parameter: enough to overfit a batch, independent of the cluster's own optimizer.</summary>
internal sealed class PlainAdam(torch.nn.Module model, double rate)
{
    private readonly List<(Parameter Parameter, Tensor Mean, Tensor Square)> _state =
    [
        .. model.parameters().Select(parameter => (parameter, zeros_like(parameter), zeros_like(parameter))),
    ];

    private int _step;

    public void Step()
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        _step++;
        foreach (var (parameter, mean, square) in _state)
        {
            var gradient = parameter.grad!;
            mean.mul_(0.9).add_(gradient, 0.1);
            square.mul_(0.99).addcmul_(gradient, gradient, 0.01);
            var scale = square.div(1 - Math.Pow(0.99, _step)).sqrt().add(1e-9);
            parameter.addcdiv_(mean, scale, -rate / (1 - Math.Pow(0.9, _step)));
            parameter.grad = null;
        }
    }
}
