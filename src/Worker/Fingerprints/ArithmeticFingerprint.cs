using System.Security.Cryptography;
using System.Text;
using TrainingCluster.V1;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Fingerprints;

/// <summary>
/// How a device computes, to the bit: SHA-256 over the results of some kernels that training uses. Libraries choose kernels by
/// instruction set, vendor and build, and promise equal bits for equal choices alone; so their results are compared, not their names.
/// </summary>
/// <remarks>
/// Equal fingerprints do not prove that every kernel rounds alike. The kind of device and libtorch's version are therefore part of
/// them. Computed with one thread: a job's number of threads is in its specification, and equal for all its workers.
/// </remarks>
public static class ArithmeticFingerprint
{
    /// <summary>Computes the fingerprint and describes the device. Leaves libtorch's generator and thread count as they were.</summary>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">The device is not there.</exception>
    public static Arithmetic Compute(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        // libtorch keeps the number per thread: other threads' work is not touched.
        var threads = get_num_threads();
        set_num_threads(1);
        try
        {
            return new Arithmetic { Fingerprint = Convert.ToHexStringLower(Hash(device)), Description = ArithmeticDescription.Of(device) };
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static byte[] Hash(Device device)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{device.type}\n{__version__}\n"));
        foreach (var kernel in FingerprintKernels.All)
        {
            using var scope = NewDisposeScope();
            using var gradients = enable_grad();
            foreach (var result in kernel(device))
            {
                hash.AppendData(result.detach().cpu().contiguous().bytes);
            }
        }
        return hash.GetHashAndReset();
    }
}
