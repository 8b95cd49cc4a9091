using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>One worker of a generation, and how far it has come in it.</summary>
/// <param name="WorkerId">The worker.</param>
/// <param name="Incarnation">Its process; another process of the same name is another worker.</param>
public sealed record GroupMember(string WorkerId, string Incarnation)
{
    /// <summary>Its peers lost their connection to it: it gets less time to answer.</summary>
    public bool Suspected { get; init; }

    /// <summary>When a newcomer was invited; for others the phase tells it.</summary>
    public DateTimeOffset InvitedAt { get; init; }

    /// <summary>When a newcomer was ready.</summary>
    public DateTimeOffset JoinedAt { get; init; }

    /// <summary>It has heard the invitation to the rendezvous.</summary>
    public bool Acknowledged { get; init; }

    /// <summary>What it holds; null until it has said so.</summary>
    public RendezvousJoined? Joined { get; init; }

    /// <summary>It holds the state at the base step and is connected to its peers.</summary>
    public bool Started { get; init; }

    /// <summary>SHA-256 of its final weights; null until it has done the last step.</summary>
    public string? WeightsSha256 { get; init; }
}
