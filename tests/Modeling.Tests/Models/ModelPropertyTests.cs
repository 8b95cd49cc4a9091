using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

public class ModelPropertyTests
{
    public static TheoryData<string, string> Variants =>
        new()
        {
            { "transformer", "pre" },
            { "transformer", "post" },
            { "transformer", "rotary" },
            { "transformer", "none" },
            { "recurrent-attention", "gru" },
            { "recurrent-attention", "lstm" },
        };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Loss_RowsTogetherWithPadding_IsTheSumOfTheRowsAlone(string kind, string variant)
    {
        using var scope = NewDisposeScope();
        using var model = Create(kind, variant);
        var (source, lengths, input, labels) = TinyModels.Batch(rows: 5, seed: 3);
        var together = model.Loss(source, lengths, input, labels, 0.1).item<float>();
        var alone = 0.0;
        for (var row = 0; row < 5; row++)
        {
            var (s, t) = (lengths[row].item<long>(), labels[row].ne(0).sum().item<long>());
            alone += model
                .Loss(
                    source.narrow(0, row, 1).narrow(1, 0, s),
                    lengths.narrow(0, row, 1),
                    input.narrow(0, row, 1).narrow(1, 0, t),
                    labels.narrow(0, row, 1).narrow(1, 0, t),
                    0.1
                )
                .item<float>();
        }
        Assert.Equal(alone, together, 1e-5 * Math.Abs(alone));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Logits_LaterTokensChanged_KeepTheEarlierOnes(string kind, string variant)
    {
        using var scope = NewDisposeScope();
        using var model = Create(kind, variant);
        var (source, lengths, input, _) = TinyModels.Batch(rows: 3, seed: 4);
        var steps = input.shape[1];
        var changed = input.clone();
        changed.narrow(1, steps - 1, 1).fill_(5);
        var (before, after) = (model.Logits(source, lengths, input), model.Logits(source, lengths, changed));
        Assert.True(before.narrow(1, 0, steps - 1).allclose(after.narrow(1, 0, steps - 1), 1e-5, 1e-6));
        Assert.False(before.narrow(1, steps - 1, 1).allclose(after.narrow(1, steps - 1, 1), 1e-5, 1e-6));
    }

    [Theory]
    [InlineData("sinusoidal", true)]
    [InlineData("learned", true)]
    [InlineData("rotary", true)]
    [InlineData("none", false)]
    public void Logits_SourceInAnotherOrder_DifferUnlessThereAreNoPositions(string positions, bool differ)
    {
        using var scope = NewDisposeScope();
        using var model = Create("transformer", positions);
        var (source, lengths) = (
            tensor(
                new long[,]
                {
                    { 5, 6, 7, 8, 2 },
                }
            ),
            tensor(new long[] { 5 })
        );
        var input = tensor(
            new long[,]
            {
                { 1, 9, 4 },
            }
        );
        var turned = source.index_select(1, tensor(new long[] { 3, 0, 4, 2, 1 }));
        Assert.Equal(!differ, model.Logits(source, lengths, input).allclose(model.Logits(turned, lengths, input), 1e-4, 1e-5));
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void Loss_NoRows_IsZeroAndGivesZeroGradients(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create(kind);
        var none = zeros(new long[] { 0, 0 }, ScalarType.Int64);
        var loss = model.Loss(none, zeros(0, ScalarType.Int64), none, none, 0.1);
        Assert.Equal(0, loss.item<float>());
        loss.backward();
        Assert.All(model.parameters(), parameter => Assert.True(parameter.grad is null || parameter.grad.abs().max().item<float>() == 0));
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void Loss_EmptySource_IsFinite(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create(kind);
        var (source, _, input, labels) = TinyModels.Batch(rows: 2);
        var loss = model.Loss(source, tensor(new long[] { 0, 3 }), input, labels, 0.1);
        loss.backward();
        Assert.True(float.IsFinite(loss.item<float>()));
        Assert.All(model.parameters(), parameter => Assert.True(parameter.grad is null || parameter.grad.isfinite().all().item<bool>()));
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void Loss_WithDropout_FollowsTheGlobalSeed(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create(kind, spec => (spec["dropout"], spec["attentionDropout"]) = (0.3, 0.2));
        var (source, lengths, input, labels) = TinyModels.Batch();
        float Loss(long seed)
        {
            manual_seed(seed);
            return model.Loss(source, lengths, input, labels, 0.1).item<float>();
        }
        Assert.Equal(Loss(1), Loss(1));
        Assert.NotEqual(Loss(1), Loss(2));
        model.eval();
        Assert.Equal(Loss(1), Loss(2));
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void RDropLoss_IsTheMeanOfTwoPassesPlusTheirDivergence(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create(kind, spec => (spec["dropout"], spec["attentionDropout"]) = (0.3, 0.2));
        // Sentences of one length, as many tokens as need no padding when they are packed: so each token has the same dropout in both.
        const int Length = 8;
        using var generator = new Generator(6);
        var source = randint(4, TinyModels.Vocabulary, [Length, Length], ScalarType.Int64, generator: generator);
        var (lengths, input, labels) = (full(Length, Length, ScalarType.Int64), source.roll(1, 1), source.roll(2, 1));
        float RDrop(double weight)
        {
            manual_seed(7);
            return model.RDropLoss(source, lengths, input, labels, 0.1, weight).item<float>();
        }

        manual_seed(7);
        var doubled = cat([input, input]);
        var logits = model.Logits(cat([source, source]), cat([lengths, lengths]), doubled);
        var p = logits.narrow(0, 0, Length).log_softmax(2)[labels.ne(0)];
        var q = logits.narrow(0, Length, Length).log_softmax(2)[labels.ne(0)];
        var divergence = p.exp().mul(p - q).sum().item<float>() + q.exp().mul(q - p).sum().item<float>();
        Assert.True(divergence > 0.01);
        var entropies = nn.functional.cross_entropy(
            logits.reshape(-1, model.VocabularySize),
            cat([labels, labels]).reshape(-1),
            ignore_index: 0,
            reduction: nn.Reduction.Sum,
            label_smoothing: 0.1
        );
        var mean = entropies.item<float>() / 2;
        Assert.Equal(mean, RDrop(0), 1e-4 * mean);
        Assert.Equal(mean + (2 * divergence / 4), RDrop(2), 1e-4 * mean);

        model.eval();
        var plain = model.Loss(source, lengths, input, labels, 0.1).item<float>();
        Assert.Equal(plain, RDrop(5), 1e-4 * plain);
    }

    private static SequenceToSequenceModel Create(string kind, string variant) =>
        TinyModels.Create(
            kind,
            spec =>
            {
                if (variant is "pre" or "post")
                {
                    spec["norm"] = variant;
                }
                else if (variant is "sinusoidal" or "learned" or "rotary" or "none")
                {
                    spec["positions"] = variant;
                }
                else
                {
                    spec["cell"] = variant;
                }
            }
        );
}
