using System.Runtime.InteropServices;

namespace TorchSharp.Native;

internal static partial class NativeMethods
{
    /// <summary>Found beside this assembly: libcluster_torch.so.</summary>
    private const string Library = "cluster_torch";
}

/// <summary>A number on its way to libtorch, with the kind it had: 0 floating point, 1 integer, 2 boolean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeScalar(int kind, long bits)
{
    public readonly int Kind = kind;
    private readonly int _padding;
    public readonly long Bits = bits;
}

/// <summary>An array of owned tensor handles, to be freed with <see cref="NativeMethods.ct_free"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HandleList
{
    public nint* Items;
    public long Count;
}

/// <summary>One entry of an indexing expression; an absent bound is <see cref="long.MinValue"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IndexEntry
{
    public int Kind;
    private readonly int _padding;
    public long Start;
    public long Stop;
    public long Step;
    public nint Tensor;
}

/// <summary>What a managed autograd function hands back to the native side.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FunctionResult
{
    public nint* Outputs;
    public long OutputCount;
    public nint* Saved;
    public long SavedCount;
    public nint* Dirty;
    public long DirtyCount;
    public nint* Constant;
    public long ConstantCount;
    public int Materialize;
    private readonly int _padding;
}

/// <summary>How the native side calls managed autograd functions.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FunctionCallbacks
{
    public delegate* unmanaged<nint, FunctionResult*, int> Forward;
    public delegate* unmanaged<nint, nint, nint*, long, FunctionResult*, int> Backward;
    public delegate* unmanaged<nint, void> Release;
}
