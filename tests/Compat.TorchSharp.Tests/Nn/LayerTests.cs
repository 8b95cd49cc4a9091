using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Compat.TorchSharp.Tests.Nn;

public class LayerTests
{
    [Theory]
    [InlineData(true, 1, 1)]
    [InlineData(true, 6, 5)]
    [InlineData(false, 6, 5)]
    public void Linear_AnyRank_AgreesWithTheProduct(bool bias, long inputs, long outputs)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        foreach (var shape in new long[][] { [inputs], [4, inputs], [2, 3, inputs], [2, 2, 3, inputs] })
        {
            Tensor[] tensors = [randn(shape, requires_grad: true), randn([outputs, inputs], requires_grad: true), randn([outputs], requires_grad: true)];
            Numeric.SameFunction(
                x => bias ? x[0].matmul(x[1].t()) + x[2] : x[0].matmul(x[1].t()),
                x => F.linear(x[0], x[1], bias ? x[2] : null),
                tensors);
        }
    }

    [Fact]
    public void Linear_StridedInputAndGradient_AgreesWithTheProduct()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        Tensor[] tensors = [randn([6, 3, 40], requires_grad: true), randn([50, 6], requires_grad: true), randn([50], requires_grad: true)];
        Numeric.SameFunction(
            x => (x[0].permute(1, 2, 0).matmul(x[1].t()) + x[2]).transpose(1, 2),
            x => F.linear(x[0].permute(1, 2, 0), x[1], x[2]).transpose(1, 2),
            tensors);
    }

    [Fact]
    public void Linear_FrozenWeight_GivesTheInputsGradient()
    {
        using var scope = NewDisposeScope();
        var x = randn([4, 3], requires_grad: true);
        var w = randn(2, 3);
        Numeric.Close(ones(4, 2).mm(w), autograd.grad([F.linear(x, w).sum()], [x])[0]);
    }

    [Fact]
    public void Linear_Module_StartsWithinItsBound()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var layer = nn.Linear(400, 50);
        Assert.InRange(layer.weight!.abs().max().item<float>(), 0.045f, 0.05f);
        Assert.InRange(layer.bias!.abs().max().item<float>(), 0.03f, 0.05f);
    }

    [Fact]
    public void Embedding_RepeatedIds_AddTheirGradients()
    {
        using var scope = NewDisposeScope();
        using var table = nn.Embedding(5, 3, padding_idx: 0);
        Assert.Equal(new float[3], table.weight![0].Floats());
        var ids = tensor(new long[,] { { 1, 4, 1 }, { 0, 4, 2 } });
        var y = table.call(ids);
        Assert.Equal([2L, 3, 3], y.shape);
        Assert.Equal(table.weight[4].Floats(), y[0, 1].Floats());
        var grad = autograd.grad([(y * arange(1, 7, ScalarType.Float32).view(2, 3, 1)).sum()], [table.weight])[0];
        Assert.Equal([0f, 4, 6, 0, 7], grad.select(1, 0).Floats());
    }

    [Fact]
    public void Embedding_IdOutOfRange_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var table = nn.Embedding(5, 3);
        Assert.ThrowsAny<Exception>(() => table.call(tensor(new long[] { 5 })));
    }

    [Fact]
    public void Activations_Values_AreRight()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { -1, 0, 2 });
        Assert.Equal([0f, 0, 2], nn.ReLU().call(x).Floats());
        Assert.Equal([0f, 0, 2], F.relu(x).Floats());
        Numeric.Close(tensor(new float[] { -0.158655f, 0, 1.954500f }), F.gelu(x));
        Numeric.Close(x.softmax(0), nn.Softmax(0).call(x));
        Numeric.Close(x.log_softmax(0), F.log_softmax(x, 0));
        Assert.Equal([0f, 0, 2], F.relu(x, inplace: true).Floats());
        Assert.Equal([0f, 0, 2], x.Floats());
    }

    [Fact]
    public void OneHotAndPad_MakeTheirShapes()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([0L, 1, 0, 1, 0, 0], F.one_hot(tensor(new long[] { 1, 0 }), 3).Longs());
        Assert.Equal([0f, 0, 1, 1, 9], F.pad(F.pad(ones(2), [2, 0]), [0, 1], value: 9).Floats());
    }

    [Fact]
    public void Sequential_Modules_RunInOrder()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("a", nn.Linear(2, 3)), ("b", nn.ReLU()));
        Assert.Equal(["a.weight", "a.bias"], model.named_parameters().Select(p => p.name));
        Assert.True((model.call(randn(4, 2)) >= 0).all().item<bool>());
    }

    [Theory]
    [InlineData(1, false, false)]
    [InlineData(2, true, false)]
    [InlineData(2, false, true)]
    public void GRU_Sequence_AgreesWithItsCell(long layers, bool batchFirst, bool bidirectional)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        using var gru = nn.GRU(3, 4, layers, batchFirst: batchFirst, bidirectional: bidirectional);
        var x = randn(batchFirst ? [2, 5, 3] : [5, 2, 3]);
        var (output, last) = gru.call(x);
        var width = bidirectional ? 8 : 4;
        Assert.Equal(batchFirst ? [2, 5, width] : [5, 2, width], output.shape);
        Assert.Equal([layers * (bidirectional ? 2 : 1), 2, 4], last.shape);
        if (bidirectional || layers > 1) return;
        using var cell = nn.GRUCell(3, 4);
        cell.load_state_dict(gru.state_dict().ToDictionary(p => p.Key[..^3], p => p.Value));
        var h = zeros(2, 4);
        for (var t = 0; t < 5; t++) h = cell.call(x[t], h);
        Numeric.Close(h, last[0]);
        Numeric.Close(h, output[4]);
    }

    [Fact]
    public void LSTM_Sequence_AgreesWithItsCell()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var lstm = nn.LSTM(3, 4);
        using var cell = nn.LSTMCell(3, 4);
        cell.load_state_dict(lstm.state_dict().ToDictionary(p => p.Key[..^3], p => p.Value));
        var x = randn(5, 2, 3);
        var (output, hn, cn) = lstm.call(x);
        var (h, c) = (zeros(2, 4), zeros(2, 4));
        for (var t = 0; t < 5; t++) (h, c) = cell.call(x[t], (h, c));
        Numeric.Close(h, output[4]);
        Numeric.Close(h, hn[0]);
        Numeric.Close(c, cn[0]);
    }
}
