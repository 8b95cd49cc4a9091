using TrainingCluster.Coordinator.Curves;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Curves;

public class CurveRecorderTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Add_EveryWorkersReport_CountsAStepOnce()
    {
        var recorder = New();
        recorder.Add(Step(1, 2.0, 10), s_start);
        recorder.Add(Step(1, 2.0, 10), s_start.AddSeconds(1));
        recorder.Add(Step(2, 1.5, 10), s_start.AddSeconds(2));

        var points = recorder.ToProto().Points;

        Assert.Equal([1L, 2L], points.Select(p => p.Step));
        Assert.Equal([2.0, 1.5], points.Select(p => p.Loss));
        Assert.Equal(s_start, points[0].EndTime.ToDateTimeOffset());
    }

    [Fact]
    public void Add_SkippedStep_HasNoPoint()
    {
        var recorder = New();
        var skipped = Step(1, double.NaN, 10);
        skipped.Skipped = true;
        recorder.Add(skipped, s_start);
        recorder.Add(Step(2, 1, 10), s_start);
        Assert.Equal(2, Assert.Single(recorder.ToProto().Points).Step);
    }

    [Fact]
    public void Add_RoundsOfSeveralSteps_CountsTheirStepsAndStaysEven()
    {
        var recorder = New();
        for (var round = 1; round <= CurveRecorder.MostPoints + 3; round++)
        {
            var report = Step(100 * round, 2, 10);
            report.Steps = 100;
            recorder.Add(report, s_start.AddSeconds(round));
        }

        var points = recorder.ToProto().Points;

        Assert.All(points.SkipLast(1), point => Assert.Equal(200, point.StepCount));
        Assert.Equal(100 * (CurveRecorder.MostPoints + 3), points.Sum(point => point.StepCount));
    }

    [Theory]
    [InlineData(CurveRecorder.MostPoints, 1)]
    [InlineData(CurveRecorder.MostPoints + 1, 2)]
    [InlineData(2 * CurveRecorder.MostPoints + 1, 4)]
    [InlineData(100_000, 128)]
    public void Add_ManySteps_StaysBoundedAndEven(int steps, int stepsPerPoint)
    {
        var recorder = New();
        for (var step = 1; step <= steps; step++)
        {
            // Odd and even steps differ in loss and in weight.
            recorder.Add(Step(step, step % 2 == 0 ? 4 : 1, step % 2 == 0 ? 30 : 10), s_start.AddSeconds(step));
        }

        var points = recorder.ToProto().Points;

        Assert.InRange(points.Count, CurveRecorder.MostPoints / 2, CurveRecorder.MostPoints);
        Assert.All(points.SkipLast(1), point => Assert.Equal(stepsPerPoint, point.StepCount));
        Assert.Equal(steps, points[^1].Step);
        Assert.Equal(steps, points.Sum(point => point.StepCount));
        Assert.Equal(Enumerable.Range(1, steps).Sum(step => step % 2 == 0 ? 30L : 10L), points.Sum(point => point.TargetTokenCount));
        if (stepsPerPoint > 1)
        {
            // (1 · 10 + 4 · 30) / 40, over tokens.
            Assert.Equal(3.25, points[0].Loss, 9);
        }
    }

    [Fact]
    public void New_FromWhatWasStored_GoesOn()
    {
        var before = New();
        var through = New();
        for (var step = 1; step <= 3000; step++)
        {
            through.Add(Step(step, 1.0 / step, 10), s_start.AddSeconds(step));
            if (step <= 1501)
            {
                before.Add(Step(step, 1.0 / step, 10), s_start.AddSeconds(step));
            }
        }
        var after = new CurveRecorder(JobCurve.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(before.ToProto())));
        for (var step = 1490; step <= 3000; step++)
        {
            after.Add(Step(step, 1.0 / step, 10), s_start.AddSeconds(step));
        }
        Assert.Equal(through.ToProto(), after.ToProto());
    }

    private static CurveRecorder New() => new(new JobCurve { JobId = "job-1" });

    private static StepReport Step(long step, double loss, long targets) =>
        new()
        {
            Step = step,
            LossSum = loss * targets,
            TargetTokens = targets,
            SourceTokens = targets,
            GradientNorm = 1,
            LearningRate = 0.1,
        };
}
