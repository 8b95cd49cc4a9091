using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>
/// How a job's steps fall into rounds: what its workers do between two exchanges. A round is one step, or with
/// <c>training.synchronization: diloco</c> so many as <c>training.innerSteps</c> says; the job's last one may have fewer. A state is
/// only ever that of the end of a round.
/// </summary>
/// <param name="Steps">Steps in a round, at least 1.</param>
public readonly record struct Rounds(long Steps)
{
    /// <summary>The value of <c>training.synchronization</c> with rounds of several steps.</summary>
    public const string DiLoCo = "diloco";

    /// <summary>Settings that have a meaning with <see cref="DiLoCo"/> alone.</summary>
    public static IReadOnlyList<string> SettingsOfDiLoCo { get; } =
    ["training.innerSteps", "training.outerLearningRate", "training.outerMomentum"];

    /// <summary>Of a specification whose fields are filled in.</summary>
    public static Rounds Of(TrainingSpec training)
    {
        ArgumentNullException.ThrowIfNull(training);
        return new(training.Synchronization == DiLoCo ? Math.Max(1, training.InnerSteps) : 1);
    }

    /// <summary>The step before the round in which a step lies: its base.</summary>
    /// <param name="step">From 1.</param>
    public long Before(long step) => (step - 1) / Steps * Steps;

    /// <summary>The last step of the round in which a step lies.</summary>
    /// <param name="step">From 1.</param>
    /// <param name="total">Steps of the job; 0: not known.</param>
    public long Last(long step, long total)
    {
        var last = Before(step) + Steps;
        return total > 0 ? Math.Min(last, total) : last;
    }

    /// <summary>Whether what is to happen every so many steps falls due with a round's end.</summary>
    /// <param name="last">The last step of the round.</param>
    /// <param name="every">So many steps, at least 1.</param>
    public bool IsDue(long last, long every) => last / every > Before(last) / every;
}
