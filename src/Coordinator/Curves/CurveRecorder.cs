using Google.Protobuf.WellKnownTypes;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Curves;

/// <summary>
/// A job's measures over its steps, in bounded memory: points of one step each at first; whenever <see cref="MostPoints"/> are there,
/// neighbours become one point, and each later point holds twice as many steps. Not safe for several threads.
/// </summary>
internal sealed class CurveRecorder
{
    /// <summary>Most points of a curve.</summary>
    public const int MostPoints = 1024;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    private readonly string _jobId;
    private readonly List<JobCurvePoint> _points;
    private int _stepsPerPoint;
    private DateTimeOffset _taken;
    private long _takenStep;

    /// <summary>Goes on from what was stored.</summary>
    public CurveRecorder(JobCurve stored)
    {
        _jobId = stored.JobId;
        _points = [.. stored.Points.Select(point => point.Clone())];
        _stepsPerPoint = _points.Count == 0 ? 1 : _points.Max(point => point.StepCount);
        _takenStep = Step;
    }

    /// <summary>The newest step that it holds; 0: none.</summary>
    public long Step => _points is [.., var last] ? last.Step : 0;

    /// <summary>
    /// Adds a step. One that it holds changes nothing: every worker reports every step, and a step that is done again has the same
    /// measures. Nor does one that was skipped for NaN or Inf: it has none.
    /// </summary>
    public void Add(StepReport report, DateTimeOffset now)
    {
        if (report.Step <= Step || report.Skipped)
        {
            return;
        }
        var point = new JobCurvePoint
        {
            Step = report.Step,
            StepCount = (int)Math.Clamp(report.Steps, 1, int.MaxValue),
            EndTime = Timestamp.FromDateTimeOffset(now),
            Loss = report.TargetTokens > 0 ? report.LossSum / report.TargetTokens : 0,
            LearningRate = report.LearningRate,
            GradientNorm = report.GradientNorm,
            TokenCount = report.SourceTokens + report.TargetTokens,
            TargetTokenCount = report.TargetTokens,
        };
        // One of a round of DiLoCo has several.
        _stepsPerPoint = Math.Max(_stepsPerPoint, point.StepCount);
        if (_points is [.., var last] && last.StepCount < _stepsPerPoint)
        {
            _points[^1] = Together(last, point);
            return;
        }
        if (_points.Count == MostPoints)
        {
            Thin();
        }
        _points.Add(point);
    }

    /// <summary>What is to be stored now: what a crash may lose of it is not worth a write a second.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isLast">Whether there will be no more: then there is nothing to wait for.</param>
    /// <returns>Null: nothing.</returns>
    public JobCurve? TakeDue(DateTimeOffset now, bool isLast)
    {
        if (Step == _takenStep || (!isLast && now < _taken + s_interval))
        {
            return null;
        }
        (_taken, _takenStep) = (now, Step);
        return ToProto();
    }

    /// <summary>As it is stored.</summary>
    public JobCurve ToProto() => new() { JobId = _jobId, Points = { _points.Select(point => point.Clone()) } };

    private void Thin()
    {
        for (var i = 0; i < MostPoints / 2; i++)
        {
            _points[i] = Together(_points[2 * i], _points[2 * i + 1]);
        }
        _points.RemoveRange(MostPoints / 2, MostPoints / 2);
        _stepsPerPoint *= 2;
    }

    // The loss of several steps is that of all their target tokens, as the loss of one is.
    private static JobCurvePoint Together(JobCurvePoint earlier, JobCurvePoint later)
    {
        var (steps, targets) = (earlier.StepCount + later.StepCount, earlier.TargetTokenCount + later.TargetTokenCount);
        var both = later.Clone();
        both.StepCount = steps;
        both.TargetTokenCount = targets;
        both.TokenCount = earlier.TokenCount + later.TokenCount;
        both.Loss = targets > 0 ? (earlier.Loss * earlier.TargetTokenCount + later.Loss * later.TargetTokenCount) / targets : 0;
        both.GradientNorm = (earlier.GradientNorm * earlier.StepCount + later.GradientNorm * later.StepCount) / steps;
        return both;
    }
}
