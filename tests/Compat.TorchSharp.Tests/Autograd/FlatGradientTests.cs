using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Autograd;

/// <summary>Parameters and gradients as views into two flat buffers.</summary>
public class FlatGradientTests
{
    [Fact]
    public void Backward_GradientsPresetAsViews_AddsIntoTheFlatBuffer()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2));
        var x = randn(7, 3);
        var expected = autograd.grad([model.call(x).sum()], [.. model.parameters()]);
        var flat = Flatten(model, out var gradients);

        model.call(x).sum().backward();
        Numeric.Close(cat([.. expected.Select(g => g.view(-1))]), gradients);
        model.call(x).sum().backward();
        Numeric.Close(cat([.. expected.Select(g => g.view(-1))]) * 2, gradients);

        using (no_grad()) flat.zero_();
        Assert.Equal(0f, model.call(x).abs().sum().item<float>());
    }

    [Fact]
    public void ZeroGrad_WithoutForgetting_KeepsTheViews()
    {
        using var scope = NewDisposeScope();
        var model = nn.Linear(3, 2);
        Flatten(model, out var gradients);
        model.call(ones(1, 3)).sum().backward();
        Assert.NotEqual(0f, gradients.abs().sum().item<float>());
        model.zero_grad(set_to_none: false);
        Assert.Equal(0f, gradients.abs().sum().item<float>());
        model.call(ones(1, 3)).sum().backward();
        Assert.Equal(8f, gradients.sum().item<float>());
    }

    [Fact]
    public void ClipGradNorm_Views_ScalesTheFlatBuffer()
    {
        using var scope = NewDisposeScope();
        var model = nn.Linear(3, 2);
        Flatten(model, out var gradients);
        gradients.fill_(3);
        var norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0);
        Assert.Equal(Math.Sqrt(8 * 9), norm, 1e-4);
        Assert.Equal(1f, gradients.norm().item<float>(), 1e-4);
    }

    private static Tensor Flatten(nn.Module model, out Tensor gradients)
    {
        var total = model.parameters().Sum(p => p.numel());
        var values = zeros(total);
        gradients = zeros(total);
        var offset = 0L;
        using var frozen = no_grad();
        foreach (var parameter in model.parameters())
        {
            var view = values.narrow(0, offset, parameter.numel()).view(parameter.shape);
            view.copy_(parameter);
            parameter.set_(view);
            SetGrad(parameter, gradients.narrow(0, offset, parameter.numel()).view(parameter.shape));
            offset += parameter.numel();
        }
        return values;
    }

    // A method of this name exists in every version; reading is spelt grad() in older ones, grad in newer ones.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_grad")]
    private static extern void SetGrad(Tensor tensor, Tensor grad);
}
