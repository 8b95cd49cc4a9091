using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// A score a(q, k): how well a key answers a query. Every attention mechanism is one of these, a softmax over the keys
/// and a weighted sum of the values.
/// </summary>
public abstract class AttentionScore(string name) : torch.nn.Module(name)
{
    /// <summary>Scores every query against every key.</summary>
    /// <param name="query">[…, T, d_q].</param>
    /// <param name="key">[…, S, d_k], with the same leading sides.</param>
    /// <returns>[…, T, S].</returns>
    /// <exception cref="ArgumentException">Their sizes do not fit; the message names them and what helps.</exception>
    public abstract Tensor forward(Tensor query, Tensor key);
}
