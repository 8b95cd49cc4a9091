using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>Refuses tensors that do not fit together, in the words of attention and with what helps.</summary>
internal static class AttentionShapes
{
    /// <summary>Queries […, T, d_q] and keys […, S, d_k] of one type and with the same leading sides.</summary>
    public static void RequirePair(Tensor query, Tensor key)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(key);
        var (queries, keys) = (query.shape, key.shape);
        if (queries.Length < 2 || keys.Length != queries.Length)
        {
            throw new ArgumentException(
                $"query {Text(queries)}, key {Text(keys)}: attention takes [B, T, d_q] and [B, S, d_k]; unsqueeze(0) makes a batch of one.",
                nameof(key)
            );
        }
        RequireNumbers(query, nameof(query));
        if (query.dtype != key.dtype)
        {
            throw new ArgumentException($"The query is {query.dtype}, the key {key.dtype}: give both one type.", nameof(key));
        }
        RequireLeading(queries, keys, nameof(query), nameof(key));
    }

    /// <summary>Queries and keys of one size.</summary>
    /// <param name="query">[…, T, d].</param>
    /// <param name="key">[…, S, d].</param>
    /// <param name="what">What needs one size: "the dot product".</param>
    public static void RequireEqualSizes(Tensor query, Tensor key, string what)
    {
        RequirePair(query, key);
        var (querySize, keySize) = (query.shape[^1], key.shape[^1]);
        if (querySize != keySize)
        {
            throw new ArgumentException(
                $"query size {querySize}, key size {keySize}: {what} needs equal sizes; use AdditiveScore.",
                nameof(key)
            );
        }
    }

    /// <summary>A value a key: keys […, S, d_k] and values […, S, d_v].</summary>
    public static void RequireValues(Tensor key, Tensor value)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        var (keys, values) = (key.shape, value.shape);
        if (values.Length != keys.Length)
        {
            throw new ArgumentException($"key {Text(keys)}, value {Text(values)}: give both the same number of sides.", nameof(value));
        }
        if (keys[^2] != values[^2])
        {
            throw new ArgumentException(
                $"{keys[^2]} keys, {values[^2]} values: each key needs a value of its own (key {Text(keys)}, value {Text(values)}).",
                nameof(value)
            );
        }
        RequireLeading(keys, values, nameof(key), nameof(value));
    }

    /// <summary>A batch of vectors of one size: [B, length, size].</summary>
    /// <param name="x">The tensor.</param>
    /// <param name="size">Features that the layer takes.</param>
    /// <param name="name">What it is, such as "query".</param>
    public static void RequireBatch(Tensor x, long size, string name)
    {
        ArgumentNullException.ThrowIfNull(x, name);
        var sides = x.shape;
        if (sides.Length != 3 || sides[2] != size)
        {
            throw new ArgumentException($"{name} {Text(sides)}: this layer was made for [batch, length, {size}].", name);
        }
        RequireNumbers(x, name);
    }

    /// <summary>The same batch: equal leading sides, or 1 where one is repeated for all.</summary>
    public static void RequireLeading(ReadOnlySpan<long> one, ReadOnlySpan<long> other, string oneName, string otherName)
    {
        for (var side = 0; side < one.Length - 2; side++)
        {
            if (one[side] != other[side] && one[side] != 1 && other[side] != 1)
            {
                throw new ArgumentException(
                    $"{oneName} {Text(one)}, {otherName} {Text(other)}: side {side} differs, {one[side]} and {other[side]}; "
                        + "give each batch row (and head) its own.",
                    otherName
                );
            }
        }
    }

    /// <summary>A share in [0, 1].</summary>
    public static double RequireDropout(double dropout) =>
        dropout is >= 0 and <= 1
            ? dropout
            : throw new ArgumentOutOfRangeException(nameof(dropout), dropout, "The share of weights that training drops is in [0, 1].");

    /// <summary>Sides as people write them: [2, 3, 4].</summary>
    public static string Text(ReadOnlySpan<long> sides) => $"[{string.Join(", ", sides.ToArray())}]";

    private static void RequireNumbers(Tensor x, string name)
    {
        if (!x.is_floating_point())
        {
            throw new ArgumentException($"{name} is made of {x.dtype}: attention takes floating-point numbers; use to(float32).", name);
        }
    }
}
