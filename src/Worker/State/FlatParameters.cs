using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Worker.AllReduce;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.State;

/// <summary>
/// Turns a model's parameters into views of one flat buffer, and makes gradient buffers whose views backward adds into: then a
/// gradient needs no gathering before it is exchanged, and the update is one pass over memory.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private readonly List<TorchSharp.Modules.Parameter> _parameters;
    private readonly Device _device;

    /// <summary>Moves the model's weights into a flat buffer. The model must not be used after this is disposed.</summary>
    /// <param name="model">On the device where it is to be trained.</param>
    /// <param name="newFile">Given their length, memory in which the host's side of the weights is to lie; null, also as its result: in
    /// memory of the process.</param>
    public FlatParameters(SequenceToSequenceModel model, Func<int, MemoryFile?>? newFile = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var scope = NewDisposeScope();
        using var plain = no_grad();
        var segments = model.Segments;
        _parameters = [.. segments.SelectMany(segment => segment.Parameters).Select(named => named.Parameter)];
        _device = _parameters[0].device;
        Layout = new FlatLayout(
            segments.Select(segment => segment.Parameters.Select(named => (named.Name, (IReadOnlyList<long>)named.Parameter.shape)))
        );
        Weights = new FlatBuffer(Layout.Length, _device, newFile?.Invoke(Layout.Length));
        for (var i = 0; i < _parameters.Count; i++)
        {
            var view = View(Weights, Layout.Entries[i]);
            view.copy_(_parameters[i]);
            _parameters[i].set_(view);
        }

        // From the device to the host, once: from here on the host's copy leads.
        Weights.Download(new FlatRange(0, Layout.Length));
    }

    /// <summary>Where each parameter lies.</summary>
    public FlatLayout Layout { get; }

    /// <summary>The weights. After a change of the host's side, <see cref="FlatBuffer.Upload"/> shows it to the model.</summary>
    public FlatBuffer Weights { get; }

    /// <summary>Shows the model other weights than <see cref="Weights"/>, until it is called again.</summary>
    /// <param name="weights">Of the layout, on the model's device: <see cref="Weights"/>, or a replica's.</param>
    public void Show(FlatBuffer weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        using var scope = NewDisposeScope();
        using var plain = no_grad();
        for (var i = 0; i < _parameters.Count; i++)
        {
            _parameters[i].set_(View(weights, Layout.Entries[i]));
        }
    }

    /// <summary>A gradient buffer for these parameters.</summary>
    /// <param name="beside">Floats after the gradient, for what is exchanged with it.</param>
    /// <param name="file">The host's side lies in it; null: in memory of the process.</param>
    public GradientBuffer NewGradientBuffer(int beside = 0, MemoryFile? file = null) => new(this, beside, file);

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();

    private static Tensor View(FlatBuffer buffer, FlatEntry entry) =>
        buffer.Tensor.narrow(0, entry.Range.Offset, entry.Range.Length).view([.. entry.Shape]);

    /// <summary>A flat gradient with one view a parameter.</summary>
    public sealed class GradientBuffer : IDisposable
    {
        private readonly FlatParameters _owner;
        private readonly List<Tensor> _views;

        internal GradientBuffer(FlatParameters owner, int beside, MemoryFile? file)
        {
            using var scope = NewDisposeScope();
            _owner = owner;
            Flat = new FlatBuffer(owner.Layout.Length + beside, owner._device, file);
            _views = [.. owner.Layout.Entries.Select(entry => View(Flat, entry).DetachFromDisposeScope())];
        }

        /// <summary>The gradient's values, and what is exchanged beside them.</summary>
        public FlatBuffer Flat { get; }

        /// <summary>Lets the next backward passes add into this buffer.</summary>
        public void Attach()
        {
            for (var i = 0; i < _views.Count; i++)
            {
                _owner._parameters[i].grad = _views[i];
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            foreach (var view in _views)
            {
                view.Dispose();
            }
            Flat.Dispose();
        }
    }
}
