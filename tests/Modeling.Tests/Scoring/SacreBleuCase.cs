using System.Text.Json;

namespace TrainingCluster.Modeling.Tests.Scoring;

/// <summary>A small corpus with what sacreBLEU says of it; sacrebleu_cases.py made the file.</summary>
public sealed record SacreBleuCase(
    string Name,
    string[] Hypotheses,
    string[] References,
    Dictionary<string, SacreBleuCase.BleuResult> Bleu,
    SacreBleuCase.ChrFResult ChrF
)
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNameCaseInsensitive = true };

    public static IReadOnlyList<SacreBleuCase> All { get; } = Load();

    private static SacreBleuCase[] Load()
    {
        using var stream = typeof(SacreBleuCase).Assembly.GetManifestResourceStream("sacrebleu_cases.json")!;
        return JsonSerializer.Deserialize<CaseFile>(stream, s_json)!.Cases;
    }

    public sealed record BleuResult(double Score, long[] Counts, string Line);

    public sealed record ChrFResult(double Score, string Line);

    private sealed record CaseFile(SacreBleuCase[] Cases);
}
