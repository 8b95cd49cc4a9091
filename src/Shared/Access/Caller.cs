using Grpc.Core;
using TrainingCluster.Security;

namespace TrainingCluster.Access;

/// <summary>Who makes a call, and what it may do.</summary>
/// <param name="Grant">As a client; null: it is none.</param>
/// <param name="IsWorker">Whether it may do what workers do.</param>
public sealed record Caller(AccessGrant? Grant, bool IsWorker)
{
    /// <summary>The namespace of jobs whose submitter names none.</summary>
    public const string DefaultNamespace = "default";

    /// <summary>Anyone, where nobody is asked.</summary>
    public static Caller Anyone { get; } = new(new("", AccessRole.Operator, AccessGrant.AllNamespaces), true);

    /// <summary>A process with a worker's certificate.</summary>
    public static Caller Worker { get; } = new(null, true);

    /// <summary>A name for people.</summary>
    public string Name => Grant?.Name ?? "worker";

    /// <summary>The namespace that it is confined to; null: it sees all.</summary>
    public string? Confinement => Grant is { Namespace: not AccessGrant.AllNamespaces } grant ? grant.Namespace : null;

    /// <summary>Whether it may see what is in a namespace.</summary>
    public bool Covers(string name) => Grant?.Covers(name) ?? true;

    /// <summary>Whether it has a role, or a higher one.</summary>
    public bool Is(AccessRole role) => Grant is { } grant && grant.Role >= role;

    /// <summary>Who makes this call; anyone, where nothing was asked.</summary>
    public static Caller Of(ServerCallContext context) =>
        context?.UserState.TryGetValue(nameof(Caller), out var caller) == true ? (Caller)caller : Anyone;

    /// <summary>Notes who makes this call.</summary>
    internal void Enter(ServerCallContext context) => context.UserState[nameof(Caller)] = this;
}
