using System.Runtime.InteropServices;

namespace TrainingCluster.Modeling.Native;

/// <summary>What libtorch, MKL and malloc must be told before they are first used.</summary>
public static partial class NativeSettings
{
    private static readonly (string Name, string Value)[] s_variables =
    [
        // A job's compute_threads raises the number later, but a pool of as many threads as there are processors would spin beside
        // training.
        ("OMP_NUM_THREADS", "1"),
        ("MKL_NUM_THREADS", "1"),
        // Without it MKL adds a product of few rows in another order where its operands begin at another place in a cache line.
        ("MKL_CBWR", "AUTO,STRICT"),
    ];

    /// <summary>
    /// Sets the variables that are not set yet, and malloc (<see cref="Malloc.KeepMemory"/>). Call at the very start of a process that
    /// computes: libraries read the variables when they are loaded.
    /// </summary>
    public static void Apply()
    {
        foreach (var (name, value) in s_variables)
        {
            if (OperatingSystem.IsWindows())
            {
                Environment.SetEnvironmentVariable(name, Environment.GetEnvironmentVariable(name) ?? value);
            }
            else
            { // .NET's own setter changes a copy that native libraries never see.
                _ = SetEnv(name, value, overwrite: 0);
            }
        }

        Malloc.KeepMemory();
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
