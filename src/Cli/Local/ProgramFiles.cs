namespace TrainingCluster.Cli.Local;

/// <summary>Finds the programs that belong to this one.</summary>
public static class ProgramFiles
{
    /// <summary>The coordinator's assembly.</summary>
    public static string Coordinator => Find("Coordinator", "TrainingCluster.Coordinator.dll");

    /// <summary>The worker's assembly.</summary>
    public static string Worker => Find("Worker", "TrainingCluster.Worker.dll");

    /// <summary>The assembly of the server of translations.</summary>
    public static string Serving => Find("Serving", "TrainingCluster.Serving.dll");

    /// <summary>The program that runs assemblies: the one that runs this.</summary>
    public static string DotNet
    {
        get
        {
            var own = Environment.ProcessPath;
            return own is not null && Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet";
        }
    }

    /// <summary>The words that start an assembly: where the runtime lies beside it by its own name, else by what runs assemblies.</summary>
    public static IReadOnlyList<string> Command(string assembly) =>
        File.Exists(Path.Combine(Path.GetDirectoryName(assembly)!, "libcoreclr.so"))
            ? [Path.ChangeExtension(assembly, null)]
            : [DotNet, assembly];

    /// <summary>Beside this program, or where the build puts its siblings: bin/PROJECT/CONFIGURATION.</summary>
    private static string Find(string project, string file)
    {
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string[] places = [Path.Combine(own, file), Path.GetFullPath(Path.Combine(own, "..", "..", project, Path.GetFileName(own), file))];
        return places.FirstOrDefault(File.Exists)
            ?? throw new CliException($"{file} is neither at {string.Join(" nor at ", places)}; build it with './cluster build'");
    }
}
