using System.Globalization;
using TorchSharp;

namespace TrainingCluster.Modeling.Native;

/// <summary>What <c>--device</c> may say: "cpu", "cuda" (the first GPU) or "cuda:N".</summary>
public static class ComputeDevice
{
    /// <summary>Makes sure that a device is there before anything is started. libtorch must be loaded.</summary>
    /// <exception cref="InvalidDataException">It is not; the message says what is, and what helps.</exception>
    public static void Require(string device)
    {
        var count = device != "cpu" && Libtorch.HasCuda && torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if (Problem(device, Libtorch.HasCuda, count) is { } problem)
        {
            throw new InvalidDataException($"--device {device}: {problem}");
        }
    }

    /// <summary>What is wrong with a device; null: it can be used.</summary>
    /// <param name="device">As given.</param>
    /// <param name="built">Whether libtorch was built with CUDA.</param>
    /// <param name="count">GPUs that it sees.</param>
    internal static string? Problem(string device, bool built, int count)
    {
        if (device == "cpu")
        {
            return null;
        }
        if (Index(device) is not { } index)
        {
            return "must be cpu, cuda or cuda:N, such as cuda:0";
        }
        if (!built)
        {
            return $"the libtorch of {Libtorch.LoadedFrom ?? "this program"} computes on the CPU alone; "
                + "give --libtorch DIR with the torch/lib of a PyTorch built with CUDA, or --device cpu";
        }
        if (count == 0)
        {
            return "libtorch sees no GPU; see that the driver is installed and the GPU visible ('nvidia-smi', CUDA_VISIBLE_DEVICES), "
                + "or give --device cpu";
        }
        if (index < count)
        {
            return null;
        }
        return count == 1 ? "there is 1 GPU here: cuda:0" : $"there are {count} GPUs here: cuda:0 to cuda:{count - 1}";
    }

    private static int? Index(string device)
    {
        if (device == "cuda")
        {
            return 0;
        }
        return
            device.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : null;
    }
}
