namespace TrainingCluster.Modeling.Decoding;

/// <summary>Which attention a map shows.</summary>
public enum AttentionKind
{
    /// <summary>Of the source to itself.</summary>
    EncoderSelf,

    /// <summary>Of the target to itself.</summary>
    DecoderSelf,

    /// <summary>Of the target to the source.</summary>
    Cross,
}

/// <summary>The attention weights of one head for one sentence.</summary>
/// <param name="Kind">Whose attention.</param>
/// <param name="Layer">From 1, the lowest.</param>
/// <param name="Head">From 1.</param>
/// <param name="Queries">A token a row.</param>
/// <param name="Keys">A token a column.</param>
/// <param name="Weights">Row by row; a row adds up to 1.</param>
public sealed record AttentionMap(
    AttentionKind Kind,
    int Layer,
    int Head,
    IReadOnlyList<string> Queries,
    IReadOnlyList<string> Keys,
    IReadOnlyList<float> Weights
);
