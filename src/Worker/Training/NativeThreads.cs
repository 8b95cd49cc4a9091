using System.Runtime.InteropServices;

namespace TrainingCluster.Worker.Training;

/// <summary>Caps the thread pools of native libraries, which are made when the libraries are loaded.</summary>
public static partial class NativeThreads
{
    private static readonly string[] s_variables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

    /// <summary>
    /// Call at the very start of the process, before anything of libtorch is used: a job's <c>compute_threads</c> raises the number
    /// later, but a pool of as many threads as there are processors would spin beside training. Variables that are set stay.
    /// </summary>
    public static void CapBeforeLoading()
    {
        foreach (var variable in s_variables)
        {
            if (OperatingSystem.IsWindows())
                Environment.SetEnvironmentVariable(variable, Environment.GetEnvironmentVariable(variable) ?? "1");
            else
                // .NET's own setter changes a copy that native libraries never see.
                _ = SetEnv(variable, "1", overwrite: 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
