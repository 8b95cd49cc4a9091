using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Serialization;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

public class ModelFactoryTests
{
    [Theory]
    [InlineData("transformer", 1UL)]
    [InlineData("recurrent-attention", ulong.MaxValue - 1)]
    public void Create_SameSeed_GivesTheSameBytesAndAnotherSeedOthers(string kind, ulong seed)
    {
        using var one = TinyModels.Create(kind, seed: seed);
        using var same = TinyModels.Create(kind, seed: seed);
        using var other = TinyModels.Create(kind, seed: seed + 1);
        Assert.Equal(Hash(one), Hash(same));
        Assert.NotEqual(Hash(one), Hash(other));
    }

    [Fact]
    public void Create_WhateverTheGlobalGenerator_GivesTheSameBytes()
    {
        manual_seed(1);
        using var one = TinyModels.Create("transformer");
        manual_seed(2);
        using var same = TinyModels.Create("transformer");
        Assert.Equal(Hash(one), Hash(same));
    }

    [Fact]
    public void Create_Transformer_StartsWithTheRecipesVariances()
    {
        using var scope = NewDisposeScope();
        using var model = ModelFactory.Create(new TransformerOptions { Width = 128, Layers = 1 }, 2000, 1);
        var parameters = model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);
        Assert.Equal(1 / 128.0, parameters["embedding.weight"].var().item<float>(), 1e-4);
        Assert.Equal(
            Math.Sqrt(6.0 / (3 * 128 + 128)),
            parameters["encoder.layers.0.self_attn.in_proj_weight"].abs().max().item<float>(),
            1e-3
        );
        Assert.Equal(2.0 / (1024 + 128), parameters["decoder.layers.0.linear1.weight"].var().item<float>(), 5e-5);
        Assert.Equal(0, parameters["decoder.layers.0.linear1.bias"].abs().max().item<float>());
        Assert.Equal(1, parameters["decoder.norm.weight"].min().item<float>());
    }

    [Fact]
    public void Create_Lstm_StartsWithItsForgetGateOpen()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create("recurrent-attention", spec => spec["cell"] = "lstm");
        var bias = model.named_parameters().Single(pair => pair.name == "encoder.layers.0.bias_ih").parameter;
        Assert.Equal(32, bias.sum().item<float>());
        Assert.Equal(32, bias.narrow(0, 32, 32).sum().item<float>());
    }

    [Theory]
    [InlineData("kind", "cnn", "model.kind 'cnn'")]
    [InlineData("norm", "none", "model.norm 'none'")]
    [InlineData("positions", "absolute", "model.positions 'absolute'")]
    public void Create_UnknownName_ThrowsWithTheNamesThereAre(string field, string value, string message)
    {
        var error = Assert.Throws<ArgumentException>(() =>
            TinyModels.Create(
                "transformer",
                spec =>
                {
                    if (field == "kind")
                    {
                        spec["kind"] = value;
                    }
                    else if (field == "norm")
                    {
                        spec["norm"] = value;
                    }
                    else
                    {
                        spec["positions"] = value;
                    }
                }
            )
        );
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_SeveralBadNumbers_NamesThemAll()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            TinyModels.Create(
                "transformer",
                spec =>
                {
                    spec["heads"] = 5;
                    spec["layers"] = 0;
                    spec["dropout"] = 1;
                }
            )
        );
        Assert.Contains("model.heads 5 does not divide model.d_model 32", error.Message, StringComparison.Ordinal);
        Assert.Contains("model.layers is 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("model.dropout is 1", error.Message, StringComparison.Ordinal);
    }

    private static string Hash(SequenceToSequenceModel model) => ModelWeights.Sha256(ModelWeights.Capture(model));
}
