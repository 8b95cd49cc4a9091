using System.Reflection;

namespace TrainingCluster.Hosting;

/// <summary>What was built.</summary>
public static class BuildInfo
{
    /// <summary>The version, with the commit where the build knows it.</summary>
    public static string Version { get; } =
        typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
