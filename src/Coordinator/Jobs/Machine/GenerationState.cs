using System.Collections.Immutable;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>What the machine knows of one generation only: the next one, or none, begins with a new record.</summary>
public sealed record GenerationState
{
    /// <summary>Members of the generation that is being prepared, started or run.</summary>
    public ImmutableSortedDictionary<string, GroupMember> Members { get; init; } =
        ImmutableSortedDictionary.Create<string, GroupMember>(StringComparer.Ordinal);

    /// <summary>How many have joined, with those that have gone since. Fewer than there are members: some are still to come.</summary>
    public int Joined { get; init; }

    /// <summary>Newcomers that prepare under a number of their own while the others train on.</summary>
    public ImmutableSortedDictionary<string, GroupMember> Newcomers { get; init; } =
        ImmutableSortedDictionary.Create<string, GroupMember>(StringComparer.Ordinal);

    /// <summary>When the present plan was sent.</summary>
    public DateTimeOffset? PlanSentAt { get; init; }

    /// <summary>When all its members had started.</summary>
    public DateTimeOffset? AllStartedAt { get; init; }

    /// <summary>Whether the call, or the plan, was repeated to those who seem to have missed it.</summary>
    public bool InvitationRepeated { get; init; }

    /// <summary>
    /// The step at which the members of the older generation end it in order, while the next one is being prepared; 0: they
    /// ended it at once.
    /// </summary>
    public long FinishStep { get; init; }

    /// <summary>When those who have not come to that step are told to end at once.</summary>
    public DateTimeOffset FinishBy { get; init; }

    /// <summary>Since when another share of the shards has been clearly better; null: it is not.</summary>
    public DateTimeOffset? BetterSince { get; init; }

    /// <summary>When the wait for the other members of the last generation ends, of which one has said that it trains no more.</summary>
    public DateTimeOffset? RecoverUntil { get; init; }

    /// <summary>When the model was stored: success follows once the others have said so too.</summary>
    public DateTimeOffset? ModelStoredAt { get; init; }
}
