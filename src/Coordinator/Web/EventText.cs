using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>An event as the page of a job writes it.</summary>
internal static class EventText
{
    /// <summary>Its kind, its level (<c>error</c>, <c>warning</c> or nothing) and what it says.</summary>
    public static (string Kind, string Level, string Text) Of(JobEvent e) =>
        e switch
        {
            { State: { } state } => (state.State.Word(), state.State == JobState.Failed ? "error" : "", state.Reason),
            { Evaluation: { } score } => (
                "evaluation",
                "",
                $"step {Show.Number(score.Step, 0)}: BLEU {Show.Number(score.Bleu, 2)}, chrF {Show.Number(score.Chrf, 2)}, loss "
                    + $"{Show.Number(score.Loss, 4)}, exact {Show.Number(100 * score.ExactMatch, 1)} %{(score.Best ? "; best so far" : "")}"
            ),
            { Generation: { } generation } => (
                $"generation {generation.Generation}",
                "",
                $"{generation.Workers.Count} workers from step {Show.Number(generation.BaseStep, 0)}: {generation.Reason}"
            ),
            { Checkpoint: { Error.Length: > 0 } checkpoint } => (
                "checkpoint",
                "error",
                $"step {Show.Number(checkpoint.Step, 0)} could not be stored: {checkpoint.Error}"
            ),
            { Checkpoint: { } checkpoint } => (
                "checkpoint",
                "",
                $"step {Show.Number(checkpoint.Step, 0)}, {Show.Bytes(checkpoint.SizeBytes)}"
            ),
            _ => (e.EventCase.ToString(), "", ""),
        };
}
