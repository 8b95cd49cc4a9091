using System.Globalization;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;

namespace TrainingCluster.AttentionView;

/// <summary>What the page says of a model.</summary>
/// <param name="Kind"><c>transformer</c> or <c>recurrent</c>.</param>
/// <param name="Layers">Layers of the decoder.</param>
/// <param name="Heads">Heads of each layer.</param>
/// <param name="Width">D, features.</param>
/// <param name="Facts">The same as a sentence.</param>
public sealed record ModelFacts(string Kind, int Layers, int Heads, int Width, string Facts)
{
    /// <summary>Reads them off a model.</summary>
    public static ModelFacts Of(Translator translator)
    {
        ArgumentNullException.ThrowIfNull(translator);
        var name = (string?)translator.Manifest?.Specification["name"] ?? "model";
        var parameters = translator.Model.parameters().Sum(parameter => parameter.numel()).ToString("N0", CultureInfo.InvariantCulture);
        return translator.Model switch
        {
            Transformer { Options: var options } => new ModelFacts(
                "transformer",
                options.Layers,
                options.Heads,
                options.Width,
                $"{name}: Transformer, {options.Layers} + {options.Layers} layers of {options.Heads} heads, width {options.Width}, "
                    + $"{parameters} parameters"
            ),
            RecurrentAttention { Options: var options } => new ModelFacts(
                "recurrent",
                options.Layers,
                1,
                options.Width,
                $"{name}: {(options.Lstm ? "LSTM" : "GRU")} with {(options.AdditiveScore ? "additive" : "dot product")} attention, "
                    + $"{options.Layers} + {options.Layers} layers, width {options.Width}, {parameters} parameters"
            ),
            var other => throw new NotSupportedException($"A {other.GetName()} does not tell its attention."),
        };
    }
}
