using System.Text.RegularExpressions;

namespace TrainingCluster.Modeling.Native;

/// <summary>What the dynamic linker's complaints mean, and what helps.</summary>
internal static partial class LoadFailure
{
    /// <summary>One line for people.</summary>
    /// <param name="library">Path of the library that was to be loaded.</param>
    /// <param name="complaint">The linker's words.</param>
    /// <param name="glibc">The system's version of the C library.</param>
    public static string Explain(string library, string complaint, string glibc) =>
        $"{library} cannot be loaded: {Cause(library, complaint.ReplaceLineEndings(" ").Trim(), glibc)}";

    private static string Cause(string library, string complaint, string glibc)
    {
        if (MissingVersion().Match(complaint) is { Success: true } version)
        {
            return version.Groups["set"].Value == "GLIBC"
                ? $"it needs glibc {version.Groups["number"].Value}, and this system has {glibc}; " + "use Debian 12, Ubuntu 22.04 or newer"
                : $"it needs {version.Value} of libstdc++, and this system's is older; "
                    + "build anew with './cluster build', or install a newer libstdc++6";
        }
        if (MissingFile().Match(complaint) is { Success: true } missing && missing.Groups["file"].Value is var file && file != library)
        {
            return $"it needs {file}, which is not there; {Provider(file)}";
        }
        if (MissingSymbol().Match(complaint) is { Success: true } symbol)
        {
            return $"libtorch lacks {symbol.Groups["symbol"].Value}, so it is not the {LibtorchVersion.Required} (with the C++11 ABI) "
                + $"that TorchSharp is built against; give the torch/lib of PyTorch {LibtorchVersion.Required}";
        }
        if (NoMemory().IsMatch(complaint))
        {
            return $"no memory to map it ({complaint}); raise the limit with 'ulimit -v unlimited', or end other programs";
        }
        if (Damaged().IsMatch(complaint))
        {
            return $"it is damaged or not whole ({complaint}); install it anew";
        }
        return complaint;
    }

    private static string Provider(string file) =>
        file switch
        {
            _ when file.StartsWith("libgomp", StringComparison.Ordinal) => "install the OpenMP runtime (Debian and Ubuntu: libgomp1)",
            _ when file.StartsWith("libstdc++", StringComparison.Ordinal) => "install the C++ runtime (Debian and Ubuntu: libstdc++6)",
            "libcuda.so.1" => "install NVIDIA's driver",
            _ when CudaPart().IsMatch(file) => "install PyTorch with all that it needs (pip install torch brings CUDA's libraries along)",
            _ => "install the package that holds it",
        };

    [GeneratedRegex(@"(?<set>GLIBC|GLIBCXX|CXXABI)_(?<number>[0-9.]*[0-9])(?=['’`]? not found)")]
    private static partial Regex MissingVersion();

    [GeneratedRegex(@"^(?<file>[^:]+): cannot open shared object file")]
    private static partial Regex MissingFile();

    [GeneratedRegex(@"undefined symbol: (?<symbol>[^\s,]+)")]
    private static partial Regex MissingSymbol();

    [GeneratedRegex("failed to map segment|annot allocate memory|cannot create shared object descriptor|cannot make segment writable")]
    private static partial Regex NoMemory();

    [GeneratedRegex("invalid ELF header|file too short|ELF load command|wrong ELF class|object file has no")]
    private static partial Regex Damaged();

    [GeneratedRegex("^lib(cu|nv|nccl|c10_cuda|torch)")]
    private static partial Regex CudaPart();
}
