namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>Files for readers that want some: in memory where the machine has such a folder.</summary>
internal static class Scratch
{
    private static readonly string s_root = MakeRoot();

    /// <summary>A path that nothing else uses.</summary>
    public static string At(string name) => Path.Combine(s_root, name);

    /// <summary>Writes a file.</summary>
    public static string File(string name, ReadOnlySpan<byte> content)
    {
        var path = At(name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>An empty folder; what was in it before is gone.</summary>
    public static string Folder(string name)
    {
        var path = At(name);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        return Directory.CreateDirectory(path).FullName;
    }

    private static string MakeRoot()
    {
        const string InMemory = "/dev/shm";
        var path = Path.Combine(Directory.Exists(InMemory) ? InMemory : Path.GetTempPath(), $"fuzzing-tests-{Environment.ProcessId}");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(path, recursive: true);
        return Directory.CreateDirectory(path).FullName;
    }
}
