using System.Runtime.CompilerServices;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests;

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
