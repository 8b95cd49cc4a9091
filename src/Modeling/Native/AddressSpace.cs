using System.Globalization;

namespace TrainingCluster.Modeling.Native;

/// <summary>How much memory a process may address (<c>ulimit -v</c>): a limit that libtorch's libraries alone may exceed.</summary>
public static class AddressSpace
{
    /// <summary>What a small job takes besides the libraries.</summary>
    private const long WorkingBytes = 1L << 30;

    /// <summary>The limit of this process in bytes; null: none.</summary>
    public static long? LimitBytes => ParseLimit(ReadLines("/proc/self/limits"));

    /// <summary>What this process addresses, in bytes.</summary>
    public static long TakenBytes => ParseTaken(ReadLines("/proc/self/status"));

    /// <summary>What is wrong with a limit; null: libraries of this size fit in.</summary>
    internal static string? Problem(long? limit, long taken, long libraries) =>
        limit is { } most && most - taken < libraries + WorkingBytes
            ? $"'ulimit -v' allows this process {Megabytes(most)} MB of addresses, of which {Megabytes(taken)} are taken; "
                + $"libtorch and a small job need {Megabytes(libraries + WorkingBytes)} more: raise it with 'ulimit -v unlimited'"
            : null;

    internal static long? ParseLimit(IEnumerable<string> lines) =>
        Field(lines, "Max address space") is { } text && long.TryParse(text, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;

    internal static long ParseTaken(IEnumerable<string> lines) =>
        Field(lines, "VmSize:") is { } text ? 1024 * long.Parse(text, CultureInfo.InvariantCulture) : 0;

    private static string? Field(IEnumerable<string> lines, string name) =>
        lines
            .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))
            ?[name.Length..].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault();

    private static string[] ReadLines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];

    private static long Megabytes(long bytes) => bytes / 1_000_000;
}
