using System.Runtime.CompilerServices;

// Lessons train: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace TrainingCluster.Course.Tests;

internal static class AssemblyStart
{
    // What builds the lessons ends with them, and speaks English.
    [ModuleInitializer]
    internal static void QuietBuilds()
    {
        Environment.SetEnvironmentVariable("UseSharedCompilation", "false");
        Environment.SetEnvironmentVariable("MSBUILDDISABLENODEREUSE", "1");
        Environment.SetEnvironmentVariable("DOTNET_CLI_UI_LANGUAGE", "en");
        Environment.SetEnvironmentVariable("DOTNET_NOLOGO", "1");
        Environment.SetEnvironmentVariable("DOTNET_CLI_TELEMETRY_OPTOUT", "1");
    }
}
