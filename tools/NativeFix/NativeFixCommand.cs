namespace TrainingCluster.NativeFix;

/// <summary>
/// <c>NativeFix SOURCE TARGET</c>: writes a copy of TorchSharp's library that loads where libstdc++ is older than GCC 13's,
/// and the empty file <c>TARGET.needed</c> where this system is such a one. Says in one line when that is so.
/// </summary>
internal static class NativeFixCommand
{
    private const string Library = "libstdc++.so.6";
    private const string Version = "GLIBCXX_3.4.32";

    // The one symbol that TorchSharp's library names with that version. No relocation refers to it.
    private const string Symbol = "_ZSt21ios_base_library_initv";

    // Its one symbol is condition_variable::wait, which every libstdc++ since GCC 4.4 has with the other version too.
    private const string VersionOfWait = "GLIBCXX_3.4.30";
    private const string OlderVersionOfWait = "GLIBCXX_3.4.11";

    /// <summary>Runs the command; 0 means done, 2 that an error was printed in the form that MSBuild reads.</summary>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output) =>
        Run(arguments, output, static () => SystemLibrary.Exports(Library, Symbol));

    /// <summary>The same, with another way to find out whether the system has the version.</summary>
    internal static int Run(IReadOnlyList<string> arguments, TextWriter output, Func<bool> systemHasVersion)
    {
        if (arguments is not [var source, var target])
        {
            output.WriteLine("NativeFix : error : expected two arguments: SOURCE TARGET");
            return 2;
        }
        try
        {
            var file = File.ReadAllBytes(source);
            var needed = VersionNeeds.MakeWeak(file, Library, Version) && !systemHasVersion();
            VersionNeeds.Replace(file, Library, VersionOfWait, OlderVersionOfWait);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
            // The library last: the build takes its age for the age of both.
            Mark(target + ".needed", needed);
            WriteAtomically(target, file);
            if (needed)
            {
                var name = Path.GetFileName(target);
                output.WriteLine($"NativeFix: {name}: this system's {Library} lacks {Version}: the build uses a copy that does without it");
            }
            return 0;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"NativeFix : error : {source}: {e.Message}");
            return 2;
        }
    }

    // Builds may run at once: each writes a file of its own, and a reader sees the old file or the new one.
    private static void WriteAtomically(string path, byte[] content)
    {
        var temporary = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Mark(string path, bool set)
    {
        if (set)
        {
            new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
        }
        else
        {
            File.Delete(path);
        }
    }
}
