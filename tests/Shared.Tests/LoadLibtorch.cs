using System.Runtime.CompilerServices;
using TrainingCluster.Native;

namespace TrainingCluster.Tests;

/// <summary>Tests compute as the programs do: with their settings, and the libtorch of CLUSTER_LIBTORCH or the one beside them.</summary>
internal static class LoadLibtorch
{
    [ModuleInitializer]
    internal static void BeforeAnyTest()
    {
        NativeSettings.Apply();
        Libtorch.Load(null);
    }
}
