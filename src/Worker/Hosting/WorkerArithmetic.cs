using System.Runtime.InteropServices;
using TorchSharp;
using TrainingCluster.Numerics;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Hosting;

/// <summary>How this worker computes: known before it registers, since no job may take it otherwise.</summary>
internal static class WorkerArithmetic
{
    /// <summary>Computes it on a thread of the pool.</summary>
    /// <exception cref="InvalidDataException">The device cannot be used.</exception>
    public static Task<Arithmetic> ComputeAsync(string device) => Task.Run(() => Compute(device));

    private static Arithmetic Compute(string device)
    {
        try
        {
            return ArithmeticFingerprint.Compute(torch.device(device));
        }
        catch (Exception e) when (e is ExternalException or ArgumentException or InvalidOperationException)
        {
            // What follows are addresses in libraries.
            var cause = e.Message.Split('\n')[0].Split(" Trace from ")[0].TrimEnd('.');
            throw new InvalidDataException($"--device {device} cannot be used: {cause}. Give cpu, or a device that this machine has.", e);
        }
    }
}
