using System.Diagnostics;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Training;

/// <summary>
/// A worker's spans of one generation: <c>generation</c>, and below it <c>state recovery</c>, <c>step</c> (the first one, and then every
/// hundredth), <c>evaluation</c>, <c>checkpoint</c> and <c>model</c>.
/// </summary>
internal sealed class GenerationSpans
{
    private readonly StartGeneration _start;
    private readonly string _workerId;
    private readonly Activity? _generation;
    private bool _stepped;

    /// <summary>Begins the span of the generation.</summary>
    /// <param name="trace">The rendezvous.</param>
    /// <param name="start">The plan.</param>
    /// <param name="workerId">This worker.</param>
    public GenerationSpans(ActivityContext trace, StartGeneration start, string workerId)
    {
        (_start, _workerId) = (start, workerId);
        _generation = Begin("generation", trace)?.SetTag(Spans.Step, start.BaseStep);
        Trace = _generation?.Context ?? trace;
    }

    /// <summary>What belongs to the generation is below this.</summary>
    public ActivityContext Trace { get; }

    /// <summary>Begins a span of something that belongs to a step.</summary>
    public Activity? Begin(string name, long step) => Begin(name, Trace)?.SetTag(Spans.Step, step);

    /// <summary>Begins the span of a training step; null: this step has none.</summary>
    public Activity? BeginStep(long step)
    {
        var isFirst = !_stepped;
        _stepped = true;
        return Spans.IsSampled(step, isFirst) ? Begin("step", step) : null;
    }

    /// <summary>The generation is over.</summary>
    /// <param name="problem">Why it could not go on; null: it came to its end.</param>
    public void End(string? problem) => _generation.End(problem);

    private Activity? Begin(string name, ActivityContext parent) =>
        Spans
            .Begin(name, parent)
            ?.SetTag(Spans.Job, _start.JobId)
            .SetTag(Spans.Generation, _start.Generation)
            .SetTag(Spans.Worker, _workerId)
            .SetTag(Spans.Rank, _start.Members.FirstOrDefault(member => member.WorkerId == _workerId)?.Rank);
}
