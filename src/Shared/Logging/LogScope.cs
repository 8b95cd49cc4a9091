using System.Collections;

namespace TrainingCluster.Logging;

/// <summary>Values that belong to every line of a scope: those of a job, or of a client's call.</summary>
/// <param name="values">Names as in messages: <c>Job</c>, <c>TraceId</c>. Empty ones are left out.</param>
public sealed class LogScope(params IEnumerable<(string Name, object Value)> values) : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <summary>The name of the value that is the same for a client's call and all that follows from it.</summary>
    public const string TraceId = "TraceId";

    private readonly KeyValuePair<string, object?>[] _values =
    [
        .. values.Where(v => v.Value is not "").Select(v => KeyValuePair.Create(v.Name, (object?)v.Value)),
    ];

    /// <inheritdoc/>
    public int Count => _values.Length;

    /// <inheritdoc/>
    public KeyValuePair<string, object?> this[int index] => _values[index];

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _values.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _values.Select(v => $"{v.Key} {v.Value}"));
}
