namespace TrainingCluster.TestSupport;

/// <summary>Places in the repository, for tests of what stands outside of assemblies.</summary>
internal static class Repository
{
    /// <summary>The folder of Cluster.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A file or folder by its path from the root.</summary>
    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A built program: its assembly in the same configuration as this test.</summary>
    public static string Program(string project, string assembly) =>
        At("artifacts", "bin", project, Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), assembly);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cluster.sln")))
            {
                return folder.FullName;
            }
        }
        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside the repository");
    }
}
