using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace TrainingCluster.Modeling.Native;

/// <summary>How the loaded libtorch was built, in its own words.</summary>
/// <param name="Version">Such as "2.10.0".</param>
/// <param name="Blas">The library of its matrix products.</param>
/// <param name="OneDnn">The version of oneDNN in it; empty: none.</param>
/// <param name="Kernels">The widest instruction set that its own kernels use here: "AVX2", "AVX512", "DEFAULT".</param>
/// <param name="Compiler">What it was compiled with.</param>
/// <param name="Cuda">The CUDA that it was built with; empty: none.</param>
public sealed partial record LibtorchBuild(string Version, string Blas, string OneDnn, string Kernels, string Compiler, string Cuda)
{
    /// <summary>
    /// <c>std::string at::show_config()</c>, with the C++11 ABI. PyTorch shows it as <c>torch.__config__.show()</c>; TorchSharp does not.
    /// </summary>
    private const string ShowConfig = "_ZN2at11show_configB5cxx11Ev";

    /// <summary>Asks the library; null: it has no such function with this ABI.</summary>
    /// <param name="library">Handle of libtorch_cpu.so.</param>
    internal static unsafe LibtorchBuild? Read(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, ShowConfig, out var function))
        {
            return null;
        }
        // An object is returned into memory that the caller gives. The few kilobytes that the string owns are never freed: asked once.
        CxxString text;
        ((delegate* unmanaged<CxxString*, void>)function)(&text);
        return Parse(Marshal.PtrToStringUTF8((nint)text.Start, (int)text.Length));
    }

    /// <summary>Reads what <c>show_config</c> says.</summary>
    internal static LibtorchBuild Parse(string text)
    {
        var blas = First(text, @"BLAS_INFO=(?<value>\w+)");
        var mkl = First(text, @"Math Kernel Library Version (?<value>[\w.]+)");
        return new LibtorchBuild(
            First(text, @"TORCH_VERSION=(?<value>[\w.+]+)"),
            mkl.Length > 0 ? $"MKL {mkl}" : blas,
            First(text, @"MKL-DNN v(?<value>[\w.]+)"),
            First(text, @"CPU capability usage: (?<value>.+)"),
            First(text, @"- (?<value>(GCC|clang) [\w.]+)"),
            First(text, @"CUDA Runtime (?<value>[\w.]+)")
        );
    }

    private static string First(string text, string pattern) =>
        Regex.Match(text, pattern) is { Success: true } match ? match.Groups["value"].Value.Trim() : "";

    /// <summary>libstdc++'s string: the short ones lie in the last two fields.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct CxxString
    {
        public byte* Start;
        public nuint Length;
        private readonly ulong _local1;
        private readonly ulong _local2;
    }
}
