using System.Text.Json;
using System.Text.Json.Serialization;
using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.State;

/// <summary>
/// Everything but tensors that the rest of a training run depends on. Equal on every worker after the same step. Immutable: a step
/// makes the next one.
/// </summary>
public sealed record TrainingProgress
{
    /// <summary>Newest step that is done; 0: initial weights.</summary>
    public long Step { get; init; }

    /// <summary>Updates made: steps (DiLoCo: rounds) that were not skipped. Counts for the optimizer's bias correction.</summary>
    public long Updates { get; init; }

    /// <summary>Steps (DiLoCo: rounds) skipped for NaN or Inf without an update since.</summary>
    public int SkippedInARow { get; init; }

    /// <summary>Steps skipped in all.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>Target tokens trained on, end tokens included.</summary>
    public long TargetTokens { get; init; }

    /// <summary>Source tokens trained on, end tokens included.</summary>
    public long SourceTokens { get; init; }

    /// <summary>Newest step after which the validation pair was scored; 0: none.</summary>
    public long EvaluatedStep { get; init; }

    /// <summary>The newest BLEU; −1 before the first evaluation.</summary>
    public double LastBleu { get; init; } = -1;

    /// <summary>BLEU of each of the weights kept for averaging, oldest first, with spaces between.</summary>
    public string KeptBleu { get; init; } = "";

    /// <summary>The best BLEU so far; −1 before the first evaluation.</summary>
    public double BestBleu { get; init; } = -1;

    /// <summary>The step of the best BLEU.</summary>
    public long BestStep { get; init; }

    /// <summary>Evaluations since the best one.</summary>
    public int EvaluationsSinceBest { get; init; }

    /// <summary>Evaluations in all.</summary>
    public int Evaluations { get; init; }

    /// <summary>True: BLEU has not improved for as long as the specification allows; no further step is made.</summary>
    public bool StoppedEarly { get; init; }

    /// <summary>The exact form in which it is kept and handed over; doubles keep every bit.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_json);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static TrainingProgress FromJson(ReadOnlySpan<byte> json)
    {
        try
        {
            var progress =
                JsonSerializer.Deserialize<TrainingProgress>(json, s_json)
                ?? throw new InvalidDataException("The training counters are null.");
            return progress.CanBe()
                ? progress
                : throw new InvalidDataException("The training counters are damaged: one of them is negative, or a score is no number.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The training counters are damaged: {e.Message}", e);
        }
    }

    private bool CanBe() =>
        new[]
        {
            Step,
            Updates,
            SkippedInARow,
            SkippedSteps,
            TargetTokens,
            SourceTokens,
            EvaluatedStep,
            BestStep,
            EvaluationsSinceBest,
            Evaluations,
        }.All(counter => counter >= 0)
        && double.IsFinite(LastBleu)
        && double.IsFinite(BestBleu)
        && CheckpointAveraging.TryParse(KeptBleu, out _);

    private static readonly JsonSerializerOptions s_json = new()
    {
        RespectNullableAnnotations = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // A name that is not ours is a damaged one, or another version's: what it stood for would be lost.
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>After a step that updated the weights, or a round of several.</summary>
    public TrainingProgress AfterUpdate(long targetTokens, long sourceTokens, long steps = 1) =>
        this with
        {
            Step = Step + steps,
            Updates = Updates + 1,
            SkippedInARow = 0,
            TargetTokens = TargetTokens + targetTokens,
            SourceTokens = SourceTokens + sourceTokens,
        };

    /// <summary>After a step without an update.</summary>
    /// <param name="nonFinite">True: NaN or Inf was found. False: there was nothing to learn from, which is no fault.</param>
    /// <param name="steps">Of the round.</param>
    public TrainingProgress AfterSkip(bool nonFinite, long steps = 1) =>
        this with
        {
            Step = Step + steps,
            SkippedInARow = nonFinite ? SkippedInARow + 1 : SkippedInARow,
            SkippedSteps = nonFinite ? SkippedSteps + steps : SkippedSteps,
        };

    /// <summary>After an evaluation of the weights of <see cref="Step"/>.</summary>
    /// <param name="bleu">The score.</param>
    /// <param name="patience">Evaluations without improvement after which to stop; 0: never.</param>
    public TrainingProgress AfterEvaluation(double bleu, int patience)
    {
        var best = bleu > BestBleu;
        var since = best ? 0 : EvaluationsSinceBest + 1;
        return this with
        {
            EvaluatedStep = Step,
            LastBleu = bleu,
            Evaluations = Evaluations + 1,
            BestBleu = best ? bleu : BestBleu,
            BestStep = best ? Step : BestStep,
            EvaluationsSinceBest = since,
            StoppedEarly = patience > 0 && since >= patience,
        };
    }
}
