using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Attention;

/// <summary>What holds for every attention mechanism, whatever the numbers.</summary>
public class AttentionPropertyTests
{
    private const int Width = 6;

    /// <summary>Sizes, a permutation's seed and a mechanism.</summary>
    public sealed record Case(int Batch, int Queries, int Keys, int Seed, string Mechanism);

    private static readonly Gen<Case> s_cases =
        from batch in Gen.Choose(1, 3)
        from queries in Gen.Choose(1, 5)
        from keys in Gen.Choose(1, 6)
        from seed in Gen.Choose(0, 1_000_000)
        from mechanism in Gen.Elements("additive", "dot", "gaussian", "scaled-dot-product", "multi-head")
        select new Case(batch, queries, keys, seed, mechanism);

    [Fact]
    public void Attention_KeysAndValuesPermutedTogether_StaysTheSame() =>
        ForAll(
            (one, attend) =>
            {
                var (q, k, v) = Inputs(one);
                var order = randperm(one.Keys, ScalarType.Int64);
                return Close(attend(q, k, v, null), attend(q, k.index_select(1, order), v.index_select(1, order), null));
            }
        );

    [Fact]
    public void Attention_MaskedKeys_EqualsAttentionWithoutThem() =>
        ForAll(
            (one, attend) =>
            {
                var (q, k, v) = Inputs(one);
                var random = new Random(one.Seed);
                var kept = Enumerable.Range(0, one.Keys).Where(_ => random.Next(2) == 0).Select(key => (long)key).ToArray();
                var allowed = zeros(one.Keys, ScalarType.Bool);
                foreach (var key in kept)
                {
                    allowed[key] = tensor(true);
                }
                var indices = tensor(kept);
                var masked = attend(q, k, v, AttentionMask.FromBoolean(allowed));
                return Close(masked, attend(q, k.index_select(1, indices), v.index_select(1, indices), null));
            }
        );

    [Fact]
    public void Attention_ValidLengths_EqualsTheRowsCutShort() =>
        ForAll(
            (one, attend) =>
            {
                var (q, k, v) = Inputs(one);
                var random = new Random(one.Seed);
                var lengths = Enumerable.Range(0, one.Batch).Select(_ => (long)random.Next(0, one.Keys + 1)).ToArray();
                var masked = attend(q, k, v, AttentionMask.FromLengths(tensor(lengths), one.Keys));
                return lengths
                    .Select((length, row) => (length, row))
                    .All(pair =>
                        Close(
                            masked.narrow(0, pair.row, 1),
                            attend(
                                q.narrow(0, pair.row, 1),
                                k.narrow(0, pair.row, 1).narrow(1, 0, pair.length),
                                v.narrow(0, pair.row, 1).narrow(1, 0, pair.length),
                                null
                            )
                        )
                    );
            }
        );

    [Fact]
    public void Attention_BatchOfOne_EqualsTheRowOfABatch() =>
        ForAll(
            (one, attend) =>
            {
                var (q, k, v) = Inputs(one);
                var together = attend(q, k, v, AttentionMask.Causal);
                return Enumerable
                    .Range(0, one.Batch)
                    .All(row =>
                        Close(
                            together.narrow(0, row, 1),
                            attend(q.narrow(0, row, 1), k.narrow(0, row, 1), v.narrow(0, row, 1), AttentionMask.Causal)
                        )
                    );
            }
        );

    [Fact]
    public void Attention_NothingAllowed_GivesTheAnswerToNoKeysAndFiniteGradients() =>
        ForAll(
            (one, attend) =>
            {
                var (q, k, v) = Inputs(one);
                foreach (var input in new[] { q, k, v })
                {
                    input.requires_grad = true;
                }
                var result = attend(
                    q,
                    k,
                    v,
                    AttentionMask.FromBoolean(zeros(new long[] { one.Batch, one.Queries, one.Keys }, ScalarType.Bool))
                );
                result.sum().backward();
                // The output projection's bias is all that multi-head attention adds to zeros.
                var nothing = one.Mechanism == "multi-head" ? result.narrow(1, 0, 1).expand_as(result) : zeros_like(result);
                return Close(result, nothing)
                    && new[] { q, k, v }.All(input => input.grad is null || input.grad.isfinite().all().item<bool>());
            }
        );

    [Fact]
    public void MultiHeadAttention_CausalStepByStep_EqualsAllAtOnce() =>
        Prop.ForAll(
                s_cases.ToArbitrary(),
                one =>
                {
                    using var scope = NewDisposeScope();
                    using var noGradients = no_grad();
                    manual_seed(one.Seed);
                    foreach (var rotary in new[] { false, true })
                    {
                        using var attention = new MultiHeadAttention(8, 2) { Rotary = rotary ? new RotaryEncoding(4) : null };
                        var x = randn(one.Batch, one.Queries, 8);
                        var atOnce = attention.forward(x, x, x, AttentionMask.Causal);
                        using var cache = new KeyValueCache();
                        var steps = Enumerable
                            .Range(0, one.Queries)
                            .Select(step => attention.AttendStep(x.narrow(1, step, 1), cache))
                            .ToList();
                        if (!Close(atOnce, cat(steps, 1)))
                        {
                            return false;
                        }
                    }
                    return true;
                }
            )
            .QuickCheckThrowOnFailure();

    private static void ForAll(Func<Case, Func<Tensor, Tensor, Tensor, AttentionMask?, Tensor>, bool> holds) =>
        Prop.ForAll(
                s_cases.ToArbitrary(),
                one =>
                {
                    using var scope = NewDisposeScope();
                    manual_seed(one.Seed);
                    return holds(one, Mechanism(one.Mechanism));
                }
            )
            .QuickCheckThrowOnFailure();

    private static Func<Tensor, Tensor, Tensor, AttentionMask?, Tensor> Mechanism(string name)
    {
        switch (name)
        {
            case "scaled-dot-product":
                return (q, k, v, mask) => ScaledDotProductAttention.Apply(q, k, v, mask);
            case "multi-head":
                var heads = new MultiHeadAttention(Width, 3);
                return heads.forward;
            default:
                var pooling = new AttentionPooling(
                    name switch
                    {
                        "additive" => new AdditiveScore(Width, Width, 5),
                        "dot" => new DotProductScore(scaled: false),
                        _ => new KernelScore(sharpness: 0.7),
                    }
                );
                return pooling.forward;
        }
    }

    private static (Tensor Q, Tensor K, Tensor V) Inputs(Case one) =>
        (randn(one.Batch, one.Queries, Width), randn(one.Batch, one.Keys, Width), randn(one.Batch, one.Keys, Width));

    private static bool Close(Tensor a, Tensor b) => a.allclose(b, 1e-4, 1e-5);
}
