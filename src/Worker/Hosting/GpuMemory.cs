using System.Globalization;
using System.Runtime.InteropServices;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Worker.Hosting;

/// <summary>Memory of the GPU that a worker computes on, as CUDA's driver tells it; a worker without one has no such metric.</summary>
internal static partial class GpuMemory
{
    private const int Success = 0;

    /// <summary>Publishes free memory and size, read at every scrape.</summary>
    /// <param name="published">Gets <c>training_cluster_gpu_memory_free_bytes</c> and <c>…_size_bytes</c>.</param>
    /// <param name="device">As the worker was told: "cpu", "cuda:0", ...</param>
    public static void Publish(ProgramMetrics published, string device)
    {
        if (IndexOf(device) is not { } index)
        {
            return;
        }
        var free = published.Factory.CreateGauge("training_cluster_gpu_memory_free_bytes", "Memory of the worker's GPU that is free.");
        var size = published.Factory.CreateGauge("training_cluster_gpu_memory_size_bytes", "Memory of the worker's GPU.");
        published.Registry.AddBeforeCollectCallback(() =>
        {
            if (Read(index) is { } memory)
            {
                free.Set(memory.Free);
                size.Set(memory.Size);
            }
        });
    }

    private static int? IndexOf(string device) =>
        device == "cuda" ? 0
        : device.StartsWith("cuda:", StringComparison.Ordinal)
        && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
        : null;

    /// <summary>Null: the driver is not there or does not answer.</summary>
    private static (double Free, double Size)? Read(int index)
    {
        try
        {
            // The context that libtorch uses too: nothing is allocated for the question.
            if (Init(0) != Success || DeviceGet(out var device, index) != Success || Retain(out var context, device) != Success)
            {
                return null;
            }
            try
            {
                if (Push(context) != Success)
                {
                    return null;
                }
                var result = MemoryInfo(out var free, out var size);
                _ = Pop(out _);
                return result == Success ? (free, size) : null;
            }
            finally
            {
                _ = Release(device);
            }
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libcuda.so.1", EntryPoint = "cuInit")]
    private static partial int Init(uint flags);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuDeviceGet")]
    private static partial int DeviceGet(out int device, int index);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial int Retain(out nint context, int device);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int Release(int device);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuCtxPushCurrent_v2")]
    private static partial int Push(nint context);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuCtxPopCurrent_v2")]
    private static partial int Pop(out nint context);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemGetInfo_v2")]
    private static partial int MemoryInfo(out nuint free, out nuint size);
}
