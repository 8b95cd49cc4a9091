namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>A Lease as it was read, and since when it has been so.</summary>
/// <param name="Holder">Who has it; empty: nobody.</param>
/// <param name="Transitions">How often it went to another.</param>
/// <param name="Duration">How long its holder may be silent.</param>
/// <param name="Version">Changes with each renewal.</param>
/// <param name="Seen">When this version was seen first, by our own clock: clocks of others are not trusted.</param>
internal sealed record LeaseSeen(string Holder, int Transitions, TimeSpan Duration, string Version, DateTimeOffset Seen);

/// <summary>What to do about a Lease.</summary>
internal enum LeaseAction
{
    /// <summary>There is none: make it.</summary>
    Create,

    /// <summary>We have it, and say so again.</summary>
    Renew,

    /// <summary>Its holder has been silent for too long, or has given it back: take it.</summary>
    Take,

    /// <summary>Somebody else has it.</summary>
    Wait,
}

/// <summary>Who leads: at most one at a time, as long as clocks run at like speeds.</summary>
internal static class LeaseTerm
{
    /// <summary>What to do about a Lease.</summary>
    /// <param name="lease">As it was seen; null: there is none.</param>
    /// <param name="me">Our name.</param>
    /// <param name="now">The time.</param>
    public static (LeaseAction Action, string Reason) Decide(LeaseSeen? lease, string me, DateTimeOffset now) =>
        lease switch
        {
            null => (LeaseAction.Create, "there is no lease"),
            { Holder: "" } => (LeaseAction.Take, "nobody has the lease"),
            _ when lease.Holder == me => (LeaseAction.Renew, "we have the lease"),
            _ when now - lease.Seen > lease.Duration => (
                LeaseAction.Take,
                $"{lease.Holder} has not renewed the lease for {lease.Duration.TotalSeconds:0} s"
            ),
            _ => (LeaseAction.Wait, $"{lease.Holder} leads"),
        };

    /// <summary>Whether who leads must stop: before another may take over.</summary>
    /// <param name="renewed">When the last renewal that came about was begun.</param>
    /// <param name="deadline">How long a leader may be without one; less than the lease's duration.</param>
    /// <param name="now">The time.</param>
    public static bool IsOver(DateTimeOffset renewed, TimeSpan deadline, DateTimeOffset now) => now - renewed >= deadline;
}
