using System.Text.RegularExpressions;

namespace TrainingCluster.Modeling.Native;

/// <summary>Which libtorch a folder holds, as far as files beside it say, and whether TorchSharp's calls fit it.</summary>
internal static partial class LibtorchVersion
{
    /// <summary>TorchSharp is compiled against C++ classes of this version, whose layout changes with every minor one.</summary>
    public const string Required = "2.10";

    /// <summary>The version of the libtorch in a folder; null: nothing beside it says.</summary>
    /// <param name="folder">…/torch/lib of an installed PyTorch, or …/libtorch/lib of the archive.</param>
    public static string? Read(string folder)
    {
        if (Path.GetDirectoryName(folder) is { } above)
        {
            if (FirstText(Path.Combine(above, "version.py")) is { } python && PythonVersion().Match(python) is { Success: true } match)
            {
                return match.Groups["version"].Value;
            }
            if (FirstText(Path.Combine(above, "build-version")) is { Length: > 0 } archive)
            {
                return archive.Trim();
            }
        }
        // A distribution's libraries carry it in their names.
        return Directory
            .EnumerateFiles(folder, "libtorch_cpu.so.*")
            .Select(path => FileVersion().Match(Path.GetFileName(path)))
            .Where(match => match.Success)
            .Select(match => match.Groups["version"].Value)
            .Order(StringComparer.Ordinal)
            .LastOrDefault();
    }

    /// <summary>What is wrong with a version; null: it fits.</summary>
    /// <param name="version">Such as "2.10.0+cu128".</param>
    public static string? Problem(string version) =>
        Fitting().IsMatch(version)
            ? null
            : $"is libtorch {version}, but TorchSharp is built against {Required} and fits no other: "
                + $"install PyTorch {Required} (pip install 'torch=={Required}.*') and give its torch/lib";

    // No version file is longer than a few lines.
    private static string? FirstText(string path) => File.Exists(path) ? File.ReadAllText(path) : null;

    [GeneratedRegex("""^__version__\s*=\s*['"](?<version>[^'"]+)['"]""", RegexOptions.Multiline)]
    private static partial Regex PythonVersion();

    [GeneratedRegex(@"^libtorch_cpu\.so\.(?<version>\d+\.\d+(\.\d+)*)$")]
    private static partial Regex FileVersion();

    [GeneratedRegex(@"^2\.10([.+a-z]|$)")]
    private static partial Regex Fitting();
}
