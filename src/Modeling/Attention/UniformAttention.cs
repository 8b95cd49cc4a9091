using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>The parameters of an attention layer whose sizes are all those of a Transformer, with biases.</summary>
internal sealed record UniformAttention(Tensor InWeight, Tensor InBias, Tensor OutWeight, Tensor OutBias);
