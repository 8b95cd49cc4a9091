using System.Text;

namespace TrainingCluster.Files;

/// <summary>Paths of files inside a folder that come from outside.</summary>
public static class RelativePath
{
    private const int LongestPath = 512;

    // What file systems take: in bytes, not in characters.
    private const int LongestNameBytes = 255;

    /// <summary>Whether a path leads to a file below the folder, by plain names with '/' between them.</summary>
    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= LongestPath
        && !path.Contains('\\', StringComparison.Ordinal)
        && !path.Contains('\0', StringComparison.Ordinal)
        && path.Split('/').All(IsName);

    private static bool IsName(string part) =>
        part.Length > 0
        && part is not ("." or "..")
        && !part.StartsWith(FolderReceiver.TemporaryPrefix, StringComparison.Ordinal)
        && Encoding.UTF8.GetByteCount(part) <= LongestNameBytes;
}
