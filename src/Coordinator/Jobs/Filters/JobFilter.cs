using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Filters;

/// <summary>Which jobs a client wants to see, as the store asks for them.</summary>
/// <param name="States">The states that a matching job can be in: by them the store looks in its index. Null: any.</param>
/// <param name="Sql">The condition on a row of jobs.</param>
/// <param name="Parameters">Values in it, by name.</param>
public sealed record JobFilter(IReadOnlyCollection<JobState>? States, string Sql, IReadOnlyList<(string Name, object Value)> Parameters)
{
    /// <summary>All jobs.</summary>
    public static JobFilter All { get; } = new(null, "1", []);

    /// <summary>Reads a filter as AIP-160 has it (docs/api.md).</summary>
    /// <param name="text">Empty: all jobs.</param>
    /// <exception cref="FilterException">It is none: where, and what helps.</exception>
    public static JobFilter Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return string.IsNullOrWhiteSpace(text) ? All : new FilterParser(text).Read();
    }
}

/// <summary>A filter that cannot be read.</summary>
/// <param name="position">Of the character, from 1.</param>
/// <param name="problem">What is wrong, and what helps.</param>
internal sealed class FilterException(int position, string problem) : Exception($"at position {position}: {problem}");
