using System.Collections.Concurrent;

namespace TrainingCluster.Cli.Local;

/// <summary>The programs and temporary folders of this process: what must not be left behind when it has to end at once.</summary>
internal static class OwnedResources
{
    private static readonly ConcurrentDictionary<ChildProgram, byte> s_programs = new();
    private static readonly ConcurrentDictionary<string, byte> s_folders = new(StringComparer.Ordinal);

    /// <summary>True: a program of ours still runs.</summary>
    public static bool HasPrograms => s_programs.Keys.Any(program => program.IsRunning);

    public static void Add(ChildProgram program) => s_programs.TryAdd(program, 0);

    public static void Add(string folder) => s_folders.TryAdd(folder, 0);

    public static void Remove(ChildProgram program) => s_programs.TryRemove(program, out _);

    public static void Remove(string folder) => s_folders.TryRemove(folder, out _);

    /// <summary>Ends all programs without asking, and removes all folders.</summary>
    public static void RemoveAll()
    {
        foreach (var program in s_programs.Keys)
        {
            program.Kill();
        }
        foreach (var folder in s_folders.Keys)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Gone already, or a file came meanwhile: there is no time for more.
            }
        }
    }
}
