using TrainingCluster.V1;

namespace TrainingCluster.Chaos.Goodput;

/// <summary>What one fault cost.</summary>
/// <param name="Round">The fault, as it went.</param>
/// <param name="LostSeconds">
/// The time from it to the next one, or to the last step, less the time in which as many steps are done undisturbed. Below 0: they were
/// done faster.
/// </param>
/// <param name="Generations">Generations that started in that time.</param>
/// <param name="DetectSeconds">From the last word of a group until its fault was noticed, over these generations.</param>
/// <param name="RegroupSeconds">From then until the plan was sent.</param>
/// <param name="StateSeconds">From then until all held the state and were connected.</param>
/// <param name="StepsAgain">Steps that were broken off or done again.</param>
public sealed record GoodputFault(
    RoundRun Round,
    double LostSeconds,
    int Generations,
    double DetectSeconds,
    double RegroupSeconds,
    double StateSeconds,
    long StepsAgain
)
{
    /// <summary>Works out what each fault cost.</summary>
    /// <param name="rounds">The faults in the order of their moments.</param>
    /// <param name="reached">When the disturbed job's steps were done, in order.</param>
    /// <param name="generations">The disturbed job's generations, with their times.</param>
    /// <param name="stepsPerSecond">Of the undisturbed runs; above 0.</param>
    public static IReadOnlyList<GoodputFault> Of(
        IReadOnlyList<RoundRun> rounds,
        IReadOnlyList<StepMoment> reached,
        IReadOnlyList<JobEvent> generations,
        double stepsPerSecond
    )
    {
        ArgumentNullException.ThrowIfNull(rounds);
        ArgumentNullException.ThrowIfNull(reached);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stepsPerSecond);
        var end = reached.Count == 0 ? DateTimeOffset.MinValue : reached[^1].At;
        return
        [
            .. rounds.Select(
                (round, at) =>
                {
                    var until =
                        at + 1 < rounds.Count ? rounds[at + 1].At
                        : end > round.At ? end
                        : round.At;
                    var steps = StepAt(until) - StepAt(round.At);
                    var inside = generations
                        .Where(told =>
                            told.Generation is not null && told.EventTime.ToDateTimeOffset() is var time && time >= round.At && time < until
                        )
                        .Select(told => told.Generation)
                        .ToList();
                    return new GoodputFault(
                        round,
                        (until - round.At).TotalSeconds - (steps / stepsPerSecond),
                        inside.Count,
                        inside.Sum(generation => generation.DetectDuration?.ToTimeSpan().TotalSeconds ?? 0),
                        inside.Sum(generation => generation.RegroupDuration?.ToTimeSpan().TotalSeconds ?? 0),
                        inside.Sum(generation => generation.StateRecoveryDuration?.ToTimeSpan().TotalSeconds ?? 0),
                        inside.Sum(generation => generation.DiscardedStepCount)
                    );
                }
            ),
        ];

        long StepAt(DateTimeOffset moment) => reached.LastOrDefault(done => done.At <= moment).Step;
    }
}
