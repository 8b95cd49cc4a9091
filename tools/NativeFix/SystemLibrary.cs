using System.Runtime.InteropServices;

namespace TrainingCluster.NativeFix;

/// <summary>What the system's loader finds.</summary>
internal static class SystemLibrary
{
    /// <summary>Whether the loader finds <paramref name="library"/> and this exports <paramref name="symbol"/>.</summary>
    public static bool Exports(string library, string symbol)
    {
        if (!NativeLibrary.TryLoad(library, out var handle))
        {
            return false;
        }
        try
        {
            return NativeLibrary.TryGetExport(handle, symbol, out _);
        }
        finally
        {
            NativeLibrary.Free(handle);
        }
    }
}
