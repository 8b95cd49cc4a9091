using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>Recurrent layers over a source: each layer reads the states of the one below at all time steps.</summary>
public sealed class RecurrentEncoder : torch.nn.Module
{
    private readonly ModuleList<RecurrentCell> layers;
    private readonly double _dropout;

    /// <summary>Makes the encoder.</summary>
    public RecurrentEncoder(RecurrentAttentionOptions options)
        : base(nameof(RecurrentEncoder))
    {
        ArgumentNullException.ThrowIfNull(options);
        layers = new ModuleList<RecurrentCell>([
            .. Enumerable.Range(0, options.Layers).Select(_ => new RecurrentCell(options.Width, options.Width, options.Lstm)),
        ]);
        _dropout = options.Dropout;
        RegisterComponents();
    }

    /// <summary>Reads sentences.</summary>
    /// <param name="x_BSD">[B, S, D], embeddings.</param>
    /// <param name="lengths_B">[B] int64: steps that count. What comes after them changes no state that is used.</param>
    /// <param name="before">Applied to each layer's input, with the layer's number; null: nothing.</param>
    /// <returns>The top layer's states at all time steps, [B, S, D], and every layer's state after each row's last step.</returns>
    public (Tensor Top_BSD, IReadOnlyList<RecurrentState> Final) forward(
        Tensor x_BSD,
        Tensor lengths_B,
        Func<Tensor, int, Tensor>? before = null
    )
    {
        ArgumentNullException.ThrowIfNull(x_BSD);
        ArgumentNullException.ThrowIfNull(lengths_B);
        using var scope = NewDisposeScope();
        var sides = x_BSD.shape;
        var width = sides[2];
        // Each row's last step; rows without any keep the zeros that they began with.
        var last_B1D = lengths_B.sub(Number.Of(1)).clamp(min: Number.Of(0)).view(-1, 1, 1).expand(sides[0], 1, width);
        var without_B1 = lengths_B.lt(Number.Of(1)).unsqueeze(1);
        var final = new List<RecurrentState>();
        for (var layer = 0; layer < layers.Count; layer++)
        {
            if (layer > 0)
            {
                x_BSD = CounterDropout.Apply(x_BSD, _dropout, training);
            }
            var cell = layers[layer];
            var state = cell.Zeros(sides[0]);
            var (hidden, memory) = (new List<Tensor>(), new List<Tensor>());
            foreach (var input_BG in cell.ProjectInput(before is null ? x_BSD : before(x_BSD, layer)).unbind(1))
            {
                state = cell.Step(input_BG, state);
                hidden.Add(state.Hidden);
                if (state.Memory is not null)
                {
                    memory.Add(state.Memory);
                }
            }
            if (hidden.Count == 0)
            {
                x_BSD = zeros(new[] { sides[0], 0, width }, device: lengths_B.device);
                final.Add(new RecurrentState(state.Hidden.MoveToOuterDisposeScope(), state.Memory?.MoveToOuterDisposeScope()));
                continue;
            }
            x_BSD = stack(hidden, 1);
            final.Add(
                new RecurrentState(
                    AtLast(x_BSD).MoveToOuterDisposeScope(),
                    cell.IsLstm ? AtLast(stack(memory, 1)).MoveToOuterDisposeScope() : null
                )
            );
        }
        return (x_BSD.MoveToOuterDisposeScope(), final);

        Tensor AtLast(Tensor states_BSD) => states_BSD.gather(1, last_B1D).squeeze(1).masked_fill(without_B1, Number.Of(0));
    }
}
