using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>How the learning rate moves after its linear warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>With one over the root of the step (Vaswani et al. 2017, equation 3).</summary>
    InverseSqrt,

    /// <summary>Along half a cosine, down to zero at the last step (Loshchilov and Hutter 2017).</summary>
    Cosine,

    /// <summary>Not at all.</summary>
    Constant,
}

/// <summary>The learning rate of each step.</summary>
/// <param name="Kind">What happens after the warm-up.</param>
/// <param name="Peak">The rate at the warm-up's end.</param>
/// <param name="WarmupSteps">Steps in which the rate rises from zero to the peak; may be 0.</param>
/// <param name="TotalSteps">The job's last step; only the cosine needs it.</param>
public sealed record LearningRateSchedule(ScheduleKind Kind, double Peak, int WarmupSteps, long TotalSteps)
{
    /// <summary>Of a specification whose fields are filled in.</summary>
    /// <param name="training">It.</param>
    /// <param name="totalSteps">Steps of the job.</param>
    public static LearningRateSchedule Of(TrainingSpec training, long totalSteps)
    {
        ArgumentNullException.ThrowIfNull(training);
        return new(KindOf(training.Schedule), training.LearningRate, training.WarmupSteps, totalSteps);
    }

    /// <summary>Reads the name that spec.proto gives the schedule.</summary>
    /// <exception cref="ArgumentException">No such schedule.</exception>
    public static ScheduleKind KindOf(string name) =>
        name switch
        {
            "inverse-sqrt" => ScheduleKind.InverseSqrt,
            "cosine" => ScheduleKind.Cosine,
            "constant" => ScheduleKind.Constant,
            _ => throw new ArgumentException($"'{name}' is no schedule: it is 'inverse-sqrt', 'cosine' or 'constant'.", nameof(name)),
        };

    /// <summary>The rate of a step, from 1.</summary>
    public double At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        if (step < WarmupSteps)
        {
            return Peak * step / WarmupSteps;
        }
        switch (Kind)
        {
            case ScheduleKind.InverseSqrt:
                return Peak * Math.Sqrt(Math.Max(WarmupSteps, 1) / (double)step);
            case ScheduleKind.Cosine:
                var left = Math.Max(TotalSteps - step, 0) / (double)Math.Max(TotalSteps - WarmupSteps, 1);
                var sine = SineOfQuarters(Math.Min(left, 1));
                return Peak * sine * sine;
            default:
                return Peak;
        }
    }

    // (1 − cos(πx)) / 2 = sin²(πx/2). The sine by its series: additions and multiplications round alike on every machine, which
    // libraries' trigonometry does not promise.
    private static double SineOfQuarters(double x)
    {
        var angle = x * (Math.PI / 2);
        var term = angle;
        var sum = angle;
        for (var n = 1; n <= 10; n++)
        {
            term *= -angle * angle / (2 * n * ((2 * n) + 1));
            sum += term;
        }

        return sum;
    }
}
