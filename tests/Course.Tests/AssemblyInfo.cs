using System.Runtime.CompilerServices;

// Lessons train: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace TrainingCluster.Course.Tests;

internal static class AssemblyStart
{
    /// <summary>The compiler's server for the lessons alone: it is told to end with them.</summary>
    internal static string CompilerServer { get; } = $"cluster-course-{Environment.ProcessId}";

    // What builds the lessons ends with them, and speaks English.
    [ModuleInitializer]
    internal static void QuietBuilds()
    {
        Environment.SetEnvironmentVariable("UseSharedCompilation", "true");
        Environment.SetEnvironmentVariable("SharedCompilationId", CompilerServer);
        Environment.SetEnvironmentVariable("MSBUILDDISABLENODEREUSE", "1");
        Environment.SetEnvironmentVariable("DOTNET_CLI_UI_LANGUAGE", "en");
        Environment.SetEnvironmentVariable("DOTNET_NOLOGO", "1");
        Environment.SetEnvironmentVariable("DOTNET_CLI_TELEMETRY_OPTOUT", "1");
    }
}
