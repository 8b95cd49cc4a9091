using TorchSharp;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Worker.AllReduce;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.State;

/// <summary>
/// One flat float32 tensor on the model's device, and the same values in host memory, where they are added, exchanged and updated.
/// On the CPU the two are one memory, and the copies between them do nothing.
/// </summary>
public sealed class FlatBuffer : IDisposable
{
    private readonly Tensor? _staging;

    /// <summary>A buffer of zeros.</summary>
    /// <param name="length">Number of floats.</param>
    /// <param name="device">The model's device.</param>
    /// <param name="file">Of zeros and of this length: the host's side lies in it, and keeps it in memory. Null: in memory of the
    /// process.</param>
    public FlatBuffer(int length, Device device, MemoryFile? file = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        var host = (
            file is null ? zeros(length, ScalarType.Float32, CPU) : from_file(file.Path, shared: true, length, ScalarType.Float32)
        ).DetachFromDisposeScope();
        if (device.type != DeviceType.CPU)
        {
            _staging = host;
        }
        Tensor = _staging is null ? host : zeros(length, ScalarType.Float32, device).DetachFromDisposeScope();
        Host = new NativeMemory(_staging ?? Tensor).Memory;
    }

    /// <summary>On the device.</summary>
    public Tensor Tensor { get; }

    /// <summary>In host memory.</summary>
    public Memory<float> Host { get; }

    /// <summary>Brings a range from the device to the host.</summary>
    public void Download(FlatRange range)
    {
        if (_staging is null)
        {
            return;
        }
        using var to = _staging.narrow(0, range.Offset, range.Length);
        using var from = Tensor.narrow(0, range.Offset, range.Length);
        to.copy_(from);
    }

    /// <summary>Brings everything from the host to the device.</summary>
    public void Upload()
    {
        if (_staging is not null)
        {
            Tensor.copy_(_staging);
        }
    }

    /// <summary>Sets the device's side to zero.</summary>
    public void Clear()
    {
        if (_staging is null)
        {
            Host.Span.Clear();
        }
        else
        {
            Tensor.zero_();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tensor.Dispose();
        _staging?.Dispose();
    }
}
