using System.Runtime.CompilerServices;
using TrainingCluster.Modeling.Native;

// Dropout and new layers draw from the process's one generator, which some tests seed: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace TrainingCluster.Worker.Tests;

internal static class AssemblyStart
{
    // As the programs do.
    [ModuleInitializer]
    internal static void Apply() => NativeSettings.Apply();
}
