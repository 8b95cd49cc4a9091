namespace TrainingCluster.Modeling.Attention;

/// <summary>Sizes of a multi-head attention layer, in features.</summary>
public sealed record MultiHeadSizes
{
    /// <summary>d_q, of the queries that come in.</summary>
    public required long Query { get; init; }

    /// <summary>d_k, of the keys that come in.</summary>
    public required long Key { get; init; }

    /// <summary>d_v, of the values that come in.</summary>
    public required long Value { get; init; }

    /// <summary>H, the number of heads.</summary>
    public required int Heads { get; init; }

    /// <summary>p_q, of a head's projected query.</summary>
    public required long QueryHead { get; init; }

    /// <summary>p_k, of a head's projected key; equals p_q for a dot-product score.</summary>
    public required long KeyHead { get; init; }

    /// <summary>p_v, of a head's projected value.</summary>
    public required long ValueHead { get; init; }

    /// <summary>p_o, of the output.</summary>
    public required long Output { get; init; }

    /// <summary>A Transformer's sizes: everything D wide, heads of D/H.</summary>
    public static MultiHeadSizes Uniform(long width, int heads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        if (width < 1 || width % heads != 0)
        {
            throw new ArgumentException($"The width {width} cannot be divided among {heads} heads.", nameof(width));
        }
        return new MultiHeadSizes
        {
            Query = width,
            Key = width,
            Value = width,
            Heads = heads,
            QueryHead = width / heads,
            KeyHead = width / heads,
            ValueHead = width / heads,
            Output = width,
        };
    }

    /// <summary>Whether queries, keys and values have one size before and after projection, and H·p = D.</summary>
    internal bool IsUniform => Query == Key && Key == Value && QueryHead == KeyHead && KeyHead == ValueHead && Heads * QueryHead == Query;

    internal void Validate(bool dotProduct)
    {
        foreach (
            var (name, size) in new[]
            {
                (nameof(Query), Query),
                (nameof(Key), Key),
                (nameof(Value), Value),
                (nameof(Heads), Heads),
                (nameof(QueryHead), QueryHead),
                (nameof(KeyHead), KeyHead),
                (nameof(ValueHead), ValueHead),
                (nameof(Output), Output),
            }
        )
        {
            if (size < 1)
            {
                throw new ArgumentException($"{name} is {size}; it must be at least 1.");
            }
        }
        if (dotProduct && QueryHead != KeyHead)
        {
            throw new ArgumentException(
                $"{nameof(QueryHead)} {QueryHead}, {nameof(KeyHead)} {KeyHead}: the dot product needs equal sizes; give a score that does "
                    + $"not, such as new AdditiveScore({QueryHead}, {KeyHead}, hiddenSize)."
            );
        }
    }
}
