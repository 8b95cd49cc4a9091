namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>How long a job has been active: from its first generation on, without the time while it was suspended.</summary>
/// <param name="Before">Up to when the clock was stopped last.</param>
/// <param name="Since">When the clock was started; null: it stands.</param>
public sealed record ActiveTime(TimeSpan Before, DateTimeOffset? Since)
{
    /// <summary>No time yet, and a clock that stands.</summary>
    public static ActiveTime None { get; } = new(TimeSpan.Zero, null);

    /// <summary>The clock runs; one that runs goes on.</summary>
    public ActiveTime Start(DateTimeOffset now) => this with { Since = Since ?? now };

    /// <summary>The clock stands.</summary>
    public ActiveTime Stop(DateTimeOffset now) => Since is { } since ? new(Before + (now - since), null) : this;

    /// <summary>When it comes to <paramref name="limit"/>; null: not while the clock stands.</summary>
    public DateTimeOffset? Reaches(TimeSpan limit) => Since is { } since ? since + (limit - Before) : null;
}
