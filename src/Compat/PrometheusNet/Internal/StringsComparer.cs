namespace Prometheus.Internal;

/// <summary>Compares arrays of strings by content, ordinally.</summary>
internal sealed class StringsComparer : IEqualityComparer<string[]>
{
    public static readonly StringsComparer Instance = new();

    public bool Equals(string[]? x, string[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(string[] obj)
    {
        var hash = new HashCode();
        foreach (var value in obj)
            hash.Add(value, StringComparer.Ordinal);
        return hash.ToHashCode();
    }
}
