using TrainingCluster.Security;

namespace TrainingCluster.Access;

/// <summary>What a call needs.</summary>
/// <param name="Role">The least role of a client; null: clients may not make it.</param>
/// <param name="Workers">Whether workers may make it.</param>
public sealed record AccessRule(AccessRole? Role, bool Workers)
{
    /// <summary>Whether a caller may make the call.</summary>
    public bool Admits(Caller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return (Workers && caller.IsWorker) || (Role is { } least && caller.Is(least));
    }

    /// <summary>The need in words, for messages.</summary>
    public string Needs =>
        string.Join(
            " or ",
            new[]
            {
                Role is { } least ? $"the role {AccessTokens.WordOf(least)}" : null,
                Workers ? "a worker's certificate" : null,
            }.OfType<string>()
        );
}
