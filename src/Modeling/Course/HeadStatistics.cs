namespace TrainingCluster.Modeling.Course;

/// <summary>Where a head looks, in numbers. The weights are a head's, row by row: a query a row, a key a column.</summary>
public static class HeadStatistics
{
    /// <summary>
    /// The weight on one key of each query, as a mean over the queries that have such a key: 1 for a head that looks there
    /// and nowhere else.
    /// </summary>
    /// <param name="weights">T · S numbers.</param>
    /// <param name="keys">S; at least 1.</param>
    /// <param name="keyOf">The number of the key that query t is asked about; outside 0…S−1 if it has none.</param>
    /// <returns>0…1; 0 where no query has such a key.</returns>
    /// <exception cref="ArgumentException">The weights are not whole rows.</exception>
    public static double ShareOn(IReadOnlyList<float> weights, int keys, Func<int, int> keyOf)
    {
        ArgumentNullException.ThrowIfNull(keyOf);
        var asked = Enumerable
            .Range(0, Rows(weights, keys))
            .Select(query => (Query: query, Key: keyOf(query)))
            .Where(pair => pair.Key >= 0 && pair.Key < keys);
        return asked.Select(pair => (double)weights[(pair.Query * keys) + pair.Key]).DefaultIfEmpty(0).Average();
    }

    /// <summary>The entropy −Σ α log₂ α of a row, as a mean over the rows: 0 for one key, log₂ S for all alike.</summary>
    /// <param name="weights">T · S numbers.</param>
    /// <param name="keys">S; at least 1.</param>
    /// <returns>In bits.</returns>
    /// <exception cref="ArgumentException">The weights are not whole rows.</exception>
    public static double Entropy(IReadOnlyList<float> weights, int keys) =>
        -weights.Where(weight => weight > 0).Sum(weight => weight * Math.Log2(weight)) / Math.Max(1, Rows(weights, keys));

    private static int Rows(IReadOnlyList<float> weights, int keys)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentOutOfRangeException.ThrowIfLessThan(keys, 1);
        return weights.Count % keys == 0
            ? weights.Count / keys
            : throw new ArgumentException($"{weights.Count} weights are no whole rows of {keys} keys.", nameof(weights));
    }
}
