using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>
/// How a job's steps fall into rounds: what its workers do between two exchanges. A round is one step, or with
/// <c>training.synchronization: diloco</c> so many as <c>training.innerSteps</c> says; the job's last one may have fewer. A state is
/// only ever that of the end of a round.
/// </summary>
/// <remarks>
/// With <c>training.maxInnerSteps</c> rounds grow while the learning rate falls, with one over its square (the quadratic
/// synchronization rule: Gu et al. 2024, "A quadratic synchronization rule for distributed deep learning", equation 2): what shards
/// move apart by in a step falls with it. While the rate rises, in the warm-up, rounds are short.
/// </remarks>
public sealed class Rounds
{
    /// <summary>The value of <c>training.synchronization</c> with rounds of several steps.</summary>
    public const string DiLoCo = "diloco";

    private readonly Lock _gate = new();
    private readonly long _shortest;
    private readonly long _total;
    private readonly LearningRateSchedule? _schedule;

    // Only where rounds grow.
    private readonly List<long> _ends = [];

    /// <summary>Rounds of equal length.</summary>
    /// <param name="steps">Steps in a round, at least 1.</param>
    /// <param name="totalSteps">Steps of the job; 0: not known.</param>
    public Rounds(long steps, long totalSteps = 0) => (_shortest, Longest, _total) = (steps, steps, totalSteps);

    private Rounds(long shortest, long longest, LearningRateSchedule schedule, long totalSteps) =>
        (_shortest, Longest, _schedule, _total) = (shortest, longest, schedule, totalSteps);

    /// <summary>Settings that have a meaning with <see cref="DiLoCo"/> alone.</summary>
    public static IReadOnlyList<string> SettingsOfDiLoCo { get; } =
    ["training.innerSteps", "training.maxInnerSteps", "training.outerLearningRate", "training.outerMomentum"];

    /// <summary>No round has more steps.</summary>
    public long Longest { get; }

    /// <summary>Of a specification whose fields are filled in.</summary>
    /// <param name="training">It.</param>
    /// <param name="totalSteps">Steps of the job; 0: not known, and growing rounds are told as if they did not grow.</param>
    public static Rounds Of(TrainingSpec training, long totalSteps)
    {
        ArgumentNullException.ThrowIfNull(training);
        if (training.Synchronization != DiLoCo)
        {
            return new(1, totalSteps);
        }
        var shortest = Math.Max(1, training.InnerSteps);
        return training.MaxInnerSteps > shortest && totalSteps > 0
            ? new(shortest, training.MaxInnerSteps, LearningRateSchedule.Of(training, totalSteps), totalSteps)
            : new(shortest, totalSteps);
    }

    /// <summary>The step before the round in which a step lies: its base.</summary>
    /// <param name="step">From 1.</param>
    public long Before(long step)
    {
        if (_schedule is null)
        {
            return (step - 1) / _shortest * _shortest;
        }
        var round = NumberOf(step);
        return round == 0 ? 0 : _ends[round - 1];
    }

    /// <summary>The last step of the round in which a step lies.</summary>
    /// <param name="step">From 1.</param>
    public long Last(long step)
    {
        var last = _schedule is null ? Before(step) + _shortest : _ends[NumberOf(step)];
        return _total > 0 ? Math.Min(last, _total) : last;
    }

    /// <summary>Whether what is to happen every so many steps falls due with a round's end.</summary>
    /// <param name="last">The last step of the round.</param>
    /// <param name="every">So many steps, at least 1.</param>
    public bool IsDue(long last, long every) => last / every > Before(last) / every;

    private int NumberOf(long step)
    {
        lock (_gate)
        {
            while (_ends.Count == 0 || _ends[^1] < step)
            {
                var end = _ends.Count == 0 ? 0 : _ends[^1];
                _ends.Add(end + LengthFrom(end + 1));
            }
            var found = _ends.BinarySearch(step);
            return found < 0 ? ~found : found;
        }
    }

    private long LengthFrom(long first)
    {
        var schedule = _schedule!;
        var times = first < schedule.WarmupSteps ? 1 : schedule.Peak / schedule.At(first);
        return (long)Math.Clamp(Math.Floor(_shortest * times * times), _shortest, Longest);
    }
}
