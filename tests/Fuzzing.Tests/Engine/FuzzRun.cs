using System.Diagnostics;
using System.Globalization;

namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>Many inputs for one target.</summary>
internal static class FuzzRun
{
    private const int InputsATarget = 2000;
    private const int MostFindings = 20;
    private const int MostTriesToShrink = 2000;

    // Some readers wait for a disk or build a model.
    private static readonly double s_shares = FuzzTargets.All.Sum(target => 1.0 / target.Cost);

    /// <summary>Of everything random: CLUSTER_FUZZ_SEED, or 1.</summary>
    public static int Seed { get; } = Setting("CLUSTER_FUZZ_SEED") ?? 1;

    /// <summary>How many inputs a target gets: its share of CLUSTER_FUZZ, which counts over all targets, or of 2,000.</summary>
    public static int InputsOf(FuzzTarget target) =>
        (int)Math.Ceiling((Setting("CLUSTER_FUZZ") is { } all ? all / s_shares : InputsATarget) / target.Cost);

    /// <summary>Feeds a target and returns what happened in a line.</summary>
    public static string Run(FuzzTarget target)
    {
        var corpus = Corpus.Of(target);
        var mutator = new Mutator(
            [.. corpus.Select(entry => entry.Input)],
            [.. corpus.Where(entry => Corpus.IsSeed(entry.Name)).Select(entry => entry.Input)],
            target,
            Seed
        );
        var findings = new Dictionary<string, string>(StringComparer.Ordinal);
        var (accepted, count, began) = (0, InputsOf(target), Stopwatch.GetTimestamp());
        using var last = new LastInput(target);
        foreach (var (_, input) in corpus)
        {
            last.Set(input);
            Outcome.Of(target, input);
        }
        for (var number = 0; number < count && findings.Count < MostFindings; number++)
        {
            var input = mutator.Make(number);
            last.Set(input);
            var outcome = Outcome.Of(target, input);
            accepted += outcome.Accepted ? 1 : 0;
            if (outcome.Kind is { } kind && !findings.ContainsKey(kind))
            {
                var least = Shrink(target, input, kind, last);
                findings.Add(
                    kind,
                    $"{target}, seed {Seed}, input {number}: {kind}; an input of {least.Length} bytes does it, in base64:\n"
                        + $"{Convert.ToBase64String(least)}\n{Outcome.Of(target, least).Detail}"
                );
            }
        }
        Assert.True(findings.Count == 0, string.Join("\n\n", findings.Values));
        var took = Stopwatch.GetElapsedTime(began);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{target}: {count} inputs, {accepted} read, the others refused; {took.TotalSeconds:F1} s"
        );
    }

    /// <summary>Takes parts out of an input as long as it shows the same defect.</summary>
    private static byte[] Shrink(FuzzTarget target, byte[] input, string kind, LastInput last)
    {
        var tries = 0;
        for (var length = Math.Max(1, input.Length / 2); length >= 1; length /= 2)
        {
            for (var at = 0; at < input.Length && tries < MostTriesToShrink; )
            {
                byte[] shorter = [.. input.AsSpan(0, at), .. input.AsSpan(Math.Min(input.Length, at + length))];
                tries++;
                last.Set(shorter);
                if (Outcome.Of(target, shorter).Kind == kind)
                {
                    input = shorter;
                }
                else
                {
                    at += length;
                }
            }
        }
        return input;
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
