using System.Runtime.CompilerServices;
using TrainingCluster.Native;

namespace TrainingCluster.Tests;

/// <summary>Tests compute with the libtorch that the programs would: that of CLUSTER_LIBTORCH, or the one beside them.</summary>
internal static class LoadLibtorch
{
    [ModuleInitializer]
    internal static void BeforeAnyTest() => Libtorch.Load(null);
}
