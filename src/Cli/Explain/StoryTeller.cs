using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Explain;

/// <summary>Turns a job's events, one after another, into lines. What comes again and again becomes one line with a count.</summary>
internal sealed class StoryTeller
{
    private readonly List<Entry> _entries = [];
    private DateTimeOffset? _queuedSince;
    private string _queuedReason = "";
    private bool _hasTrained;

    public StoryTeller(Job job)
    {
        var by = job.Owner.Length > 0 ? $" by {job.Owner}" : "";
        var trace = job.TraceId.Length > 0 ? $"; trace id {job.TraceId}" : "";
        Add(job.CreateTime.ToDateTimeOffset(), "submitted", $"submitted{by} to the namespace {job.Namespace}{trace}");
    }

    public IReadOnlyList<StoryLine> Lines => [.. _entries.Select(entry => entry.ToLine())];

    public void Tell(JobEvent e)
    {
        var time = e.EventTime.ToDateTimeOffset();
        switch (e.EventCase)
        {
            case JobEvent.EventOneofCase.State:
                TellState(time, e.State);
                break;
            case JobEvent.EventOneofCase.Generation:
                TellGeneration(time, e.Generation);
                break;
            case JobEvent.EventOneofCase.Fault when e.Fault.Kind != FaultKind.JobFailed:
                TellFault(time, e.Fault);
                break;
            case JobEvent.EventOneofCase.Log:
                Add(time, "log", $"{e.Log.Source}: {e.Log.Text}");
                break;
        }
    }

    private void TellState(DateTimeOffset time, StateChanged changed)
    {
        switch (changed.State)
        {
            case JobState.Queued:
                if (_hasTrained)
                {
                    Add(time, "queued", $"waits again: {changed.Reason}");
                }
                (_queuedSince, _queuedReason) = (time, changed.Reason);
                break;
            case JobState.Running when _queuedSince is { } since:
                var why = changed.WaitedFor.Length > 0 ? $": {changed.WaitedFor}" : "";
                Add(time, "waited", $"waited {Text.Of(time - since)} for workers{why}");
                _queuedSince = null;
                break;
            case JobState.Running:
                break;
            case JobState.Suspended:
                Add(time, "suspended", _hasTrained ? changed.Reason : $"held back: {changed.Reason}");
                _queuedSince = null;
                break;
            default:
                var weights = changed.WeightsSha256.Length > 0 ? $"; weights_sha256 {changed.WeightsSha256}" : "";
                Add(time, "ended", PresentState.Ended(changed.State, changed.Reason) + weights);
                break;
        }
    }

    private void TellGeneration(DateTimeOffset time, GenerationChanged change)
    {
        var workers = string.Join(", ", change.Workers);
        var from = change.BaseStep == 0 ? "from the beginning" : $"from step {change.BaseStep}";
        var again =
            change.DiscardedStepCount == 0
                ? ""
                : $"; {JobStory.Count((int)change.DiscardedStepCount, "step is", "steps are")} computed again";
        var text = change.Cause switch
        {
            GenerationCause.Start when !_hasTrained => $"began with {workers}",
            GenerationCause.Start => $"goes on {from} with {workers}",
            GenerationCause.WorkerLost
            or GenerationCause.WorkerFailed
            or GenerationCause.TimedOut
            or GenerationCause.CoordinatorRestarted => $"recovered in {Recovery(change)}: goes on {from} with {workers}{again}",
            _ => $"changed in {JobStory.Took(change.RecoveryDuration)} ({Planned(change)}): goes on {from} with {workers}{again}",
        };
        Add(time, "generation", text);
        _hasTrained = true;
    }

    /// <summary>"0.6 s (noticed after 0.1 s, regrouped in 0.2 s, state in 0.3 s)".</summary>
    private static string Recovery(GenerationChanged change) =>
        $"{JobStory.Took(change.RecoveryDuration)} (noticed after {JobStory.Took(change.DetectDuration)}, regrouped in "
        + $"{JobStory.Took(change.RegroupDuration)}, state in {JobStory.Took(change.StateRecoveryDuration)})";

    /// <summary>The reason without what the planner says of shards.</summary>
    private static string Planned(GenerationChanged change) => change.Reason.Split(';')[0];

    private void TellFault(DateTimeOffset time, Fault fault)
    {
        var workers = fault.Workers.Count > 0 ? $"{fault.WorkersText()}: " : "";
        Add(
            time,
            "fault",
            $"fault at step {fault.Step}: {workers}{fault.Cause}. Done: {fault.Done}. Lost: {fault.LostText()}.",
            Key(fault)
        );
    }

    /// <summary>A disk that is full makes the same fault again with each checkpoint.</summary>
    private static string Key(Fault fault) => $"{fault.Kind} {fault.WorkersText()} {fault.Cause}";

    private void Add(DateTimeOffset time, string kind, string text, string? key = null)
    {
        if (kind is "fault" or "log" && _entries[^1] is var last && last.Kind == kind && last.Key == (key ?? text))
        {
            _entries[^1] = last with { Count = last.Count + 1, Last = time };
            return;
        }
        _entries.Add(new(time, kind, text, key ?? text, 1, time));
    }

    private sealed record Entry(DateTimeOffset Time, string Kind, string Text, string Key, int Count, DateTimeOffset Last)
    {
        public StoryLine ToLine() =>
            new(Time, Kind, Count == 1 ? Text : FormattableString.Invariant($"{Text} ({Count} times, until {Last:HH:mm:ss})"));
    }
}
