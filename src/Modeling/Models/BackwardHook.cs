using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// The identity, with a backward pass that calls an action: when it runs, everything computed from its output has its
/// gradient. Autograd runs ready nodes in the reverse order of their creation and writes parameters' gradients at
/// once, so the gradients of every parameter used after the mark are final by then.
/// </summary>
internal sealed class BackwardHook : torch.autograd.SingleTensorFunction<BackwardHook>
{
    private const string Reached = "reached";

    public override string Name => nameof(BackwardHook);

    public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data(Reached, vars[1]);
        return (Tensor)vars[0];
    }

    public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
    {
        ((Action)ctx.get_data(Reached)!)();
        return [grad_output, null!];
    }
}
