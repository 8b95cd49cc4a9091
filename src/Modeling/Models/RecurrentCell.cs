using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>A cell's state: h, and for LSTM c.</summary>
/// <param name="Hidden">[B, D].</param>
/// <param name="Memory">[B, D], or null for GRU.</param>
public sealed record RecurrentState(Tensor Hidden, Tensor? Memory);

/// <summary>
/// One recurrent layer's step: a GRU (Cho et al. 2014) or an LSTM (Hochreiter and Schmidhuber 1997), with the equations,
/// the order of gates and the parameters' names of <c>torch.nn.GRUCell</c> and <c>LSTMCell</c>. The part that depends on
/// the input alone is a call of its own, so that a whole sequence takes one matrix product.
/// </summary>
public sealed class RecurrentCell : torch.nn.Module
{
    private readonly Parameter weight_ih;
    private readonly Parameter weight_hh;
    private readonly Parameter bias_ih;
    private readonly Parameter bias_hh;
    private readonly long _width;

    /// <summary>Makes the cell.</summary>
    /// <param name="inputSize">Features of the input.</param>
    /// <param name="width">D, features of the state.</param>
    /// <param name="lstm">LSTM or GRU.</param>
    public RecurrentCell(long inputSize, long width, bool lstm)
        : base(nameof(RecurrentCell))
    {
        _width = width;
        IsLstm = lstm;
        var gates = lstm ? 4 : 3;
        weight_ih = torch.nn.Parameter(torch.zeros(gates * width, inputSize));
        weight_hh = torch.nn.Parameter(torch.zeros(gates * width, width));
        bias_ih = torch.nn.Parameter(torch.zeros(gates * width));
        bias_hh = torch.nn.Parameter(torch.zeros(gates * width));
        RegisterComponents();
    }

    /// <summary>LSTM or GRU.</summary>
    public bool IsLstm { get; }

    /// <summary>W_ih x + b_ih: […, input] → […, gates · D].</summary>
    public Tensor ProjectInput(Tensor input) => Autocast.Linear(input, weight_ih, bias_ih);

    /// <summary>The same for an input in two parts, side by side: the products of each with its columns of W_ih.</summary>
    /// <param name="firstSize">Features of the first part.</param>
    /// <returns>Columns of the first and of the second part; b_ih goes with the second.</returns>
    internal (Tensor First, Tensor Second, Tensor Bias) SplitInput(long firstSize)
    {
        var parts = weight_ih.split(new[] { firstSize, weight_ih.shape[1] - firstSize }, 1);
        return (parts[0], parts[1], bias_ih);
    }

    /// <summary>A state of zeros for a batch.</summary>
    public RecurrentState Zeros(long rows) =>
        new(zeros(rows, _width, device: weight_hh.device), IsLstm ? zeros(rows, _width, device: weight_hh.device) : null);

    /// <summary>Biases an LSTM's forget gate to 1, so that it remembers from the start.</summary>
    internal void OpenForgetGate()
    {
        using var noGradients = no_grad();
        using var forget = bias_ih.narrow(0, _width, _width);
        forget.fill_(Number.Of(1)).Dispose();
    }

    /// <summary>The next state.</summary>
    /// <param name="input_BG">[B, gates · D], from <see cref="ProjectInput"/>.</param>
    /// <param name="state">The state before.</param>
    public RecurrentState Step(Tensor input_BG, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(input_BG);
        ArgumentNullException.ThrowIfNull(state);
        using var scope = NewDisposeScope();
        var hidden_BG = Autocast.Linear(state.Hidden, weight_hh, bias_hh);
        return IsLstm ? StepLstm(input_BG.add(hidden_BG, Number.Of(1)), state.Memory!) : StepGru(input_BG, hidden_BG, state.Hidden);
    }

    // r, z = σ(…); n = tanh(W_in x + b_in + r (W_hn h + b_hn)); h' = (1 − z) n + z h
    private RecurrentState StepGru(Tensor input_BG, Tensor hidden_BG, Tensor h)
    {
        var sections = new[] { 2 * _width, _width };
        var (input, hidden) = (input_BG.split(sections, 1), hidden_BG.split(sections, 1));
        var gates = input[0].add(hidden[0], Number.Of(1)).sigmoid().chunk(2, 1);
        var n = input[1].addcmul(gates[0], hidden[1], Number.Of(1)).tanh();
        return new RecurrentState(n.lerp(h, gates[1]).MoveToOuterDisposeScope(), null);
    }

    // i, f, o = σ(…); g = tanh(…); c' = f c + i g; h' = o tanh(c')
    private RecurrentState StepLstm(Tensor gates_BG, Tensor c)
    {
        var parts = gates_BG.split(new[] { 2 * _width, _width, _width }, 1);
        var inputAndForget = parts[0].sigmoid().chunk(2, 1);
        var next = inputAndForget[1].mul(c).addcmul(inputAndForget[0], parts[1].tanh(), Number.Of(1));
        var h = parts[2].sigmoid().mul(next.tanh());
        return new RecurrentState(h.MoveToOuterDisposeScope(), next.MoveToOuterDisposeScope());
    }
}
