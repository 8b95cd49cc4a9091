using System.Globalization;
using System.Text.RegularExpressions;

namespace TrainingCluster.Cli.Doctor;

/// <summary>The processor, as Linux tells it in <c>/proc/cpuinfo</c>.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Vectors">Which of the instruction sets that kernels choose between it has.</param>
public sealed record ProcessorInfo(string Model, IReadOnlyList<string> Vectors)
{
    private static readonly (string Flag, string Name)[] s_sets =
    [
        ("avx2", "AVX2"),
        ("fma", "FMA"),
        ("avx512f", "AVX-512"),
        ("avx512_vnni", "AVX512_VNNI"),
        ("avx512_bf16", "AVX512_BF16"),
        ("amx_bf16", "AMX_BF16"),
    ];

    /// <summary>Reads the first processor's lines.</summary>
    public static ProcessorInfo Parse(string text)
    {
        var flags = Field(text, "flags").Split(' ').ToHashSet(StringComparer.Ordinal);
        return new ProcessorInfo(Field(text, "model name"), [.. s_sets.Where(set => flags.Contains(set.Flag)).Select(set => set.Name)]);
    }

    /// <summary>A number of kilobytes in <c>/proc/meminfo</c>, in bytes; null: it has none of this name.</summary>
    public static long? MemoryBytes(string text, string name) =>
        Regex.Match(text, $@"^{name}:\s+(\d+) kB", RegexOptions.Multiline) is { Success: true } match
            ? 1024 * long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : null;

    private static string Field(string text, string name) =>
        Regex.Match(text, $@"^{name}\s*:\s*(.*)$", RegexOptions.Multiline) is { Success: true } match ? match.Groups[1].Value.Trim() : "";
}
