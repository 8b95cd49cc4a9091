using System.Collections.Immutable;
using System.Globalization;
using TrainingCluster.Security;

namespace TrainingCluster.Settings;

/// <summary>
/// A number for each of some namespaces, and perhaps one for all others, as people write them: <c>research=8,teaching=4,*=2</c>.
/// </summary>
/// <param name="Numbers">By namespace; <c>*</c> stands for those that are not named.</param>
public sealed record NamespaceNumbers(ImmutableSortedDictionary<string, int> Numbers)
{
    /// <summary>For no namespace.</summary>
    public static NamespaceNumbers None { get; } = new(ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal));

    /// <summary>The number of a namespace; null: it has none.</summary>
    public int? Of(string name) =>
        Numbers.TryGetValue(name, out var number) || Numbers.TryGetValue(AccessGrant.AllNamespaces, out number) ? number : null;

    /// <summary>Reads such a text.</summary>
    /// <param name="text">Empty: for no namespace.</param>
    /// <param name="problem">What is wrong with it; empty: nothing.</param>
    /// <returns>Null: this is none.</returns>
    public static NamespaceNumbers? Read(string? text, out string problem)
    {
        var numbers = None.Numbers.ToBuilder();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = part.Split('=', 2, StringSplitOptions.TrimEntries) is [var left, var right] ? (left, right) : (part, "");
            problem =
                !int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                    ? $"'{part}' is not NAMESPACE=NUMBER"
                : !AccessGrant.IsNamespace(name) ? $"'{name}' is no name of a namespace: those have 1 to 63 letters a-z, digits and '-'"
                : numbers.ContainsKey(name) ? $"'{name}' stands there twice"
                : "";
            if (problem.Length > 0)
            {
                return null;
            }
            numbers[name] = number;
        }
        problem = "";
        return new(numbers.ToImmutable());
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(",", Numbers.Select(n => $"{n.Key}={n.Value}"));

    /// <inheritdoc/>
    public bool Equals(NamespaceNumbers? other) => other is not null && Numbers.SequenceEqual(other.Numbers);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}
