using TrainingCluster.Files;

namespace TrainingCluster.Cli;

/// <summary>A folder that a command is to fill: whether it can, asked before hours of work, and how the result gets there.</summary>
public static class OutputFolder
{
    private const string Manifest = "manifest.json";

    /// <summary>Refuses an output folder that cannot be written, or that holds anything but an earlier model.</summary>
    /// <param name="folder">The folder, which need not exist.</param>
    /// <param name="replace">True: an earlier model there may be replaced.</param>
    /// <exception cref="CliException">It cannot be used.</exception>
    public static void RequireModel(string folder, bool replace)
    {
        RequireWritable("--out", folder);
        if (!Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any(IsForeign))
        {
            return;
        }
        if (!File.Exists(Path.Combine(folder, Manifest)))
        {
            throw CliException.BadUsage($"--out {folder} holds other files; name a new or empty folder");
        }
        if (!replace)
        {
            throw CliException.BadUsage($"--out {folder} holds a model already; name another folder, or say --overwrite");
        }
    }

    /// <summary>Refuses an output folder that cannot be written, or that holds anything.</summary>
    /// <param name="folder">The folder, which need not exist.</param>
    /// <exception cref="CliException">It cannot be used.</exception>
    public static void RequireEmpty(string folder)
    {
        RequireWritable("--out", folder);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw CliException.BadUsage($"--out {folder} holds files already; name a new or empty folder");
        }
    }

    /// <summary>Refuses a folder in which nothing can be made, or that cannot be made itself.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="folder">The folder, which need not exist.</param>
    /// <exception cref="CliException">It cannot be used.</exception>
    public static void RequireWritable(string option, string folder)
    {
        var place = Path.GetFullPath(folder);
        while (!Directory.Exists(place))
        {
            if (new FileInfo(place).LinkTarget is { } nowhere)
            {
                throw CliException.BadUsage(
                    $"{option} {folder}: {place} is a link to {nowhere}, which does not exist; make that folder first"
                );
            }
            if (File.Exists(place))
            {
                throw CliException.BadUsage($"{option} {folder}: {place} is a file; name a folder");
            }
            place = Path.GetDirectoryName(place) ?? "/";
        }
        // A user may be let in by permissions that no one can read off: a mount's, a quota's, an access list's.
        var trial = Path.Combine(place, $"{FolderReceiver.TemporaryPrefix}{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(trial);
            Directory.Delete(trial);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CliException.BadUsage($"{option} {folder} cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Moves files into a folder that is there. While they are on their way the folder is no model.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="from">Where they are now, on the same disk.</param>
    /// <param name="files">Their paths below it.</param>
    public static void MoveInto(string folder, string from, IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (files.Contains(Manifest))
        {
            File.Delete(Path.Combine(folder, Manifest));
        }
        foreach (var file in files.OrderBy(file => file == Manifest))
        {
            var final = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(final)!);
            File.Move(Path.Combine(from, file), final, overwrite: true);
        }
    }

    /// <summary>What a crash of ours left, and what a new disk has, is in nobody's way.</summary>
    private static bool IsForeign(string path) =>
        Path.GetFileName(path) is var name
        && name != "lost+found"
        && !name.StartsWith(FolderReceiver.TemporaryPrefix, StringComparison.Ordinal);
}
