using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using TorchSharp;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Fingerprints;

/// <summary>What people see beside a fingerprint: enough to guess why two of them differ.</summary>
internal static class ArithmeticDescription
{
    // By these libtorch, MKL and oneDNN are told to use other kernels than they would choose.
    private static readonly string[] s_variables =
    [
        "ATEN_CPU_CAPABILITY",
        "MKL_CBWR",
        "MKL_ENABLE_INSTRUCTIONS",
        "MKL_DEBUG_CPU_TYPE",
        "ONEDNN_MAX_CPU_ISA",
        "DNNL_MAX_CPU_ISA",
        "ONEDNN_DEFAULT_FPMATH_MODE",
        "DNNL_DEFAULT_FPMATH_MODE",
    ];

    /// <summary>"cpu AMD avx512 avx512-bf16, libtorch 2.10.0, linux-x64", and variables that change kernels.</summary>
    public static string Of(Device device)
    {
        var computes = device.type == DeviceType.CPU ? string.Join(' ', ["cpu", .. Processor()]) : device.ToString();
        var set = s_variables
            .Select(name => (name, value: Environment.GetEnvironmentVariable(name)))
            .Where(set => !string.IsNullOrEmpty(set.value));
        return string.Join(
            ", ",
            [computes, $"libtorch {Libtorch()}", RuntimeInformation.RuntimeIdentifier, .. set.Select(set => $"{set.name}={set.value}")]
        );
    }

    // By CPUID, as the libraries see it: what .NET itself uses may be turned off.
    private static List<string> Processor()
    {
        if (!X86Base.IsSupported)
        {
            return [];
        }
        var (_, features, _, more) = X86Base.CpuId(7, 0);
        var names = new List<string>
        {
            Vendor(),
            IsSet(features, 16) ? "avx512"
            : IsSet(features, 5) ? "avx2"
            : "sse",
        };
        if (IsSet(X86Base.CpuId(7, 1).Eax, 5))
        {
            names.Add("avx512-bf16");
        }
        // Not by CPUID: this is .NET's choice, and so is the way that is taken.
        if (!RoundedMatrices.HasKernels)
        {
            names.Add("bf16-in-float32");
        }
        if (IsSet(more, 22))
        {
            names.Add("amx-bf16");
        }
        return names;
    }

    private static bool IsSet(int register, int bit) => (register >> bit & 1) != 0;

    /// <summary>"2.10.0.0" has a part too many.</summary>
    private static string Libtorch() =>
        Version.TryParse(__version__, out var version) && version.Build >= 0 ? version.ToString(3) : __version__;

    /// <summary>MKL asks for it before it chooses.</summary>
    private static string Vendor()
    {
        var (_, b, c, d) = X86Base.CpuId(0, 0);
        var text = Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>([b, d, c]));
        return text switch
        {
            "AuthenticAMD" => "AMD",
            "GenuineIntel" => "Intel",
            _ => text.Trim(),
        };
    }
}
