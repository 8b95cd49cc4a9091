using System.CommandLine;
using System.Globalization;

namespace TrainingCluster.Coordinator.Access;

/// <summary>The options of the command line that say how much clients may take.</summary>
internal sealed class QuotaCommandOptions
{
    private static readonly (string Suffix, int Bits)[] s_units = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("", 0)];

    public Option<long?> DatasetBytes { get; } = Bytes("--max-dataset-bytes", "Bytes of one dataset");

    public Option<long?> JobBytes { get; } = Bytes("--max-job-bytes", "Bytes of one job's checkpoints and model");

    public Option<long?> TotalBytes { get; } = Bytes("--max-total-bytes", "Bytes of all datasets and jobs");

    public Option<int?> Jobs { get; } = JobsOption();

    public Quotas Of(ParseResult parsed) =>
        new()
        {
            DatasetBytes = parsed.GetValue(DatasetBytes),
            JobBytes = parsed.GetValue(JobBytes),
            TotalBytes = parsed.GetValue(TotalBytes),
            Jobs = parsed.GetValue(Jobs),
        };

    /// <summary>Reads 500, 64Ki, 20Gi.</summary>
    internal static long? Read(string text)
    {
        var (suffix, bits) = s_units.First(unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal));
        return
            long.TryParse(text[..^suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= long.MaxValue >> bits
            ? count << bits
            : null;
    }

    private static Option<long?> Bytes(string name, string what) =>
        new(name)
        {
            Description = $"{what}: a number, or one with Ki, Mi, Gi or Ti. Default: no limit.",
            HelpName = "BYTES",
            CustomParser = result =>
            {
                if (Read(result.Tokens[0].Value) is { } bytes)
                {
                    return bytes;
                }
                result.AddError($"{name} {result.Tokens[0].Value}: give a number of bytes, such as 500000000 or 20Gi.");
                return null;
            },
        };

    private static Option<int?> JobsOption()
    {
        var option = new Option<int?>("--max-jobs")
        {
            Description = "Jobs of one client that have not ended. Default: no limit.",
            HelpName = "COUNT",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0)
            {
                result.AddError("--max-jobs: give 0 or more.");
            }
        });
        return option;
    }
}
