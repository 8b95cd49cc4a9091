using TorchSharp.Modules;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// Parameters whose gradients become final together in a backward pass: one layer, as a rule. The segments of a model
/// lie in the order in which that happens, so that a flat gradient buffer laid out in this order fills from its start.
/// </summary>
/// <param name="Name">For people and metrics, such as <c>decoder.layers.2</c>.</param>
/// <param name="Parameters">Name and parameter, in the model's own order.</param>
public sealed record ParameterSegment(string Name, IReadOnlyList<(string Name, Parameter Parameter)> Parameters);
