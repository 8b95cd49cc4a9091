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
/// <param name="Queries">
/// The name of each row. Encoder: the token whose query it is. Cross attention: the token that is <em>written</em> at that step. In a
/// recurrent decoder the query is the state before the step, which has not read the step's input yet, so its token would be the wrong
/// name (Bahdanau, Cho and Bengio 2015, figure 3, name rows so too). Decoder's self-attention: "read → written", for the query holds the
/// token read, and the row helps to choose the token written.
/// </param>
/// <param name="Keys">The name of each column: the token whose key it is. In the decoder's self-attention: the token read.</param>
/// <param name="Weights">Row by row; a row adds up to 1.</param>
public sealed record AttentionMap(
    AttentionKind Kind,
    int Layer,
    int Head,
    IReadOnlyList<string> Queries,
    IReadOnlyList<string> Keys,
    IReadOnlyList<float> Weights
);
