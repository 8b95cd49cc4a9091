using TorchSharp;
using TorchSharp.Modules;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Multi-head attention (Vaswani et al. 2017, section 3.2.2): hᵢ = f(Wᵢ(q) q, Wᵢ(k) k, Wᵢ(v) v) for each head i, and
/// the output W_o [h₁ … h_H]. f is scaled dot-product attention, or pooling with another score.
/// Legend: <c>B</c> batch, <c>H</c> heads, <c>T</c> queries, <c>S</c> keys, <c>K</c> head width, <c>D</c> model width.
/// </summary>
/// <remarks>
/// Where all sizes are those of a Transformer (H·p = D for queries, keys and values), the three projections lie in one
/// matrix, named and laid out as <c>torch.nn.MultiheadAttention</c> has them, and self-attention takes one product.
/// </remarks>
public sealed class MultiHeadAttention : torch.nn.Module
{
    private readonly Parameter? in_proj_weight;
    private readonly Parameter? q_proj_weight;
    private readonly Parameter? k_proj_weight;
    private readonly Parameter? v_proj_weight;
    private readonly Parameter? in_proj_bias;
    private readonly Linear out_proj;
    private readonly AttentionScore? score;
    private readonly MultiHeadSizes _sizes;
    private readonly double _dropout;
    private readonly ThreadLocal<Action<Tensor>?> _recorder = new();

    /// <summary>Makes the layer as a Transformer has it: all inputs and the output D wide, heads of D/H.</summary>
    /// <param name="width">D.</param>
    /// <param name="heads">H; divides D.</param>
    /// <param name="dropout">Share of the attention weights that training sets to zero.</param>
    /// <param name="bias">Whether projections have biases.</param>
    public MultiHeadAttention(long width, int heads, double dropout = 0, bool bias = true)
        : this(MultiHeadSizes.Uniform(width, heads), dropout, bias) { }

    /// <summary>Makes the layer with sizes of its own.</summary>
    /// <param name="sizes">Sizes of inputs, heads and output.</param>
    /// <param name="dropout">Share of the attention weights that training sets to zero.</param>
    /// <param name="bias">Whether projections have biases.</param>
    /// <param name="score">a(q, k) on projected heads, shared by all heads; null: scaled dot product, which needs p_q = p_k.</param>
    public MultiHeadAttention(MultiHeadSizes sizes, double dropout = 0, bool bias = true, AttentionScore? score = null)
        : base(nameof(MultiHeadAttention))
    {
        ArgumentNullException.ThrowIfNull(sizes);
        sizes.Validate(dotProduct: score is null);
        _sizes = sizes;
        _dropout = AttentionShapes.RequireDropout(dropout);
        this.score = score;
        var (queries, keys, values) = (sizes.Heads * sizes.QueryHead, sizes.Heads * sizes.KeyHead, sizes.Heads * sizes.ValueHead);
        if (sizes.IsUniform)
        {
            in_proj_weight = Weight(queries + keys + values, sizes.Query);
        }
        else
        {
            q_proj_weight = Weight(queries, sizes.Query);
            k_proj_weight = Weight(keys, sizes.Key);
            v_proj_weight = Weight(values, sizes.Value);
        }
        if (bias)
        {
            in_proj_bias = torch.nn.Parameter(torch.zeros(queries + keys + values));
        }
        out_proj = torch.nn.Linear(values, sizes.Output, bias);
        RegisterComponents();
    }

    /// <summary>Rotates queries and keys by position; null (default): not.</summary>
    public RotaryEncoding? Rotary { get; init; }

    /// <summary>
    /// When set, receives the attention weights of every call: [B, H, T, S], a copy without gradients that belongs to the receiver
    /// and lives, whatever dispose scope is open, until it is disposed. Of the calling thread alone: others may compute meanwhile.
    /// For one call, <see cref="Weights"/> is simpler.
    /// </summary>
    public Action<Tensor>? Recorder
    {
        get => _recorder.Value;
        set => _recorder.Value = value;
    }

    /// <summary>The parameters, where they lie as a Transformer's do and the score is the dot product; otherwise null.</summary>
    internal UniformAttention? Uniform =>
        in_proj_weight is not null && in_proj_bias is not null && out_proj.bias is not null && score is null
            ? new UniformAttention(in_proj_weight, in_proj_bias, out_proj.weight!, out_proj.bias)
            : null;

    /// <summary>Whether <see cref="RoundedForward"/> takes a packed mask, with keys that are the values too.</summary>
    internal bool TakesPacked => in_proj_weight is not null && score is null && Recorder is null && _dropout < 1;

    /// <summary>Attention of queries to keys and values.</summary>
    /// <param name="query">[B, T, d_q].</param>
    /// <param name="key">[B, S, d_k].</param>
    /// <param name="value">[B, S, d_v].</param>
    /// <param name="mask">Null allows everything.</param>
    /// <returns>
    /// [B, T, p_o]. For a query that nothing is allowed to, each head gives zeros, and W_o's bias is all that is left.
    /// </returns>
    /// <exception cref="ArgumentException">Sizes, batches or the mask do not fit; the message names them and what helps.</exception>
    public Tensor forward(Tensor query, Tensor key, Tensor value, AttentionMask? mask = null)
    {
        using var scope = NewDisposeScope();
        return RoundedForward(query, key, value, mask).Sum().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>The same, as the last product leaves it: bfloat16 where <see cref="Autocast"/> has that.</summary>
    internal Product RoundedForward(Tensor query, Tensor key, Tensor value, AttentionMask? mask)
    {
        RequireSides(query, key, value);
        using var scope = NewDisposeScope();
        var isSelf = ReferenceEquals(query, key) && ReferenceEquals(key, value) && in_proj_weight is not null;
        if (mask?.Packing is not null)
        {
            return Output(isSelf ? FuseAll(query, mask) : FuseSeparately(query, key, mask)).MoveToOuterDisposeScope();
        }
        var (q_BHTK, k_BHSK, v_BHSK) = isSelf ? ProjectAll(query) : ProjectSeparately(query, key, value);
        return Attend(q_BHTK, k_BHSK, v_BHSK, mask).MoveToOuterDisposeScope();
    }

    /// <summary>The weights with which each head of <see cref="forward"/> adds up the values.</summary>
    /// <param name="query">[B, T, d_q].</param>
    /// <param name="key">[B, S, d_k].</param>
    /// <param name="mask">Null allows everything.</param>
    /// <returns>[B, H, T, S]; each row adds up to 1, or to 0 where nothing is allowed.</returns>
    /// <exception cref="ArgumentException">Sizes, batches or the mask do not fit; the message names them and what helps.</exception>
    public Tensor Weights(Tensor query, Tensor key, AttentionMask? mask = null)
    {
        RequireSides(query, key, null);
        using var scope = NewDisposeScope();
        return Weigh(ProjectQueries(query), ProjectKeys(key), mask).MoveToOuterDisposeScope();
    }

    /// <summary>The projected keys and values of a memory that is asked again and again: [B, H, S, K] each.</summary>
    /// <param name="memory">[B, S, d].</param>
    public (Tensor Keys, Tensor Values) ProjectMemory(Tensor memory)
    {
        using var scope = NewDisposeScope();
        var (k_BHSK, v_BHSK) = ProjectKeysAndValues(memory, memory);
        return (k_BHSK.MoveToOuterDisposeScope(), v_BHSK.MoveToOuterDisposeScope());
    }

    /// <summary>Attention to keys and values projected before; rows of one batch row ask as its queries.</summary>
    /// <param name="query">[B, T, d_q].</param>
    /// <param name="keys_BHSK">From <see cref="ProjectMemory"/>.</param>
    /// <param name="values_BHSK">From <see cref="ProjectMemory"/>.</param>
    /// <param name="mask">Null allows everything.</param>
    /// <returns>[B, T, p_o].</returns>
    public Tensor AttendMemory(Tensor query, Tensor keys_BHSK, Tensor values_BHSK, AttentionMask? mask = null)
    {
        using var scope = NewDisposeScope();
        return Attend(ProjectQueries(query), keys_BHSK, values_BHSK, mask).Sum().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Self-attention of the newest token of each row to all its tokens so far.</summary>
    /// <param name="token_R1D">[R, 1, D].</param>
    /// <param name="cache">The tokens before; takes in the new one.</param>
    /// <returns>[R, 1, p_o].</returns>
    public Tensor AttendStep(Tensor token_R1D, KeyValueCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        AttentionShapes.RequireBatch(token_R1D, _sizes.Query, nameof(token_R1D));
        using var scope = NewDisposeScope();
        var (q, k, v) = in_proj_weight is not null
            ? ProjectAll(token_R1D, cache.Length)
            : ProjectSeparately(token_R1D, token_R1D, token_R1D, cache.Length);
        var (keys, values) = cache.Append(k, v);
        return Attend(q, keys, values, AttentionMask.None).Sum().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private Tensor FuseAll(Tensor input_BTD, AttentionMask mask)
    {
        var projected_BTD = Autocast.Product(input_BTD, in_proj_weight!, in_proj_bias);
        return FusedAttention.Apply(projected_BTD, _sizes.Heads, mask, training ? _dropout : 0, Rotary);
    }

    private Tensor FuseSeparately(Tensor query_BTD, Tensor memory_BSD, AttentionMask mask)
    {
        var width = _sizes.Query;
        var q_BTD = Autocast.Product(query_BTD, in_proj_weight!, in_proj_bias, new(0, width));
        var kv_BSD = Autocast.Product(memory_BSD, in_proj_weight!, in_proj_bias, new(width, 2 * width));
        return FusedAttention.Apply(q_BTD, kv_BSD, _sizes.Heads, mask, training ? _dropout : 0, Rotary);
    }

    private Product Output(Tensor heads_BTD) => Autocast.Product(heads_BTD, out_proj.weight!, out_proj.bias);

    private Product Attend(Tensor q_BHTK, Tensor k_BHSK, Tensor v_BHSK, AttentionMask? mask)
    {
        if (Recorder is { } recorder)
        {
            using (no_grad())
            {
                recorder(Weigh(q_BHTK, k_BHSK, mask).DetachFromDisposeScope());
            }
        }
        Tensor heads_BHTK;
        if (score is null)
        {
            heads_BHTK = ScaledDotProductAttention.Apply(q_BHTK, k_BHSK, v_BHSK, mask, training ? _dropout : 0);
        }
        else
        {
            var weights_BHTS = CounterDropout.Apply(Weigh(q_BHTK, k_BHSK, mask), _dropout, training);
            heads_BHTK = weights_BHTS.matmul(v_BHSK);
        }
        // [B, H, T, K] → [B, T, H·K]
        var sides = heads_BHTK.shape;
        return Output(heads_BHTK.transpose(1, 2).reshape(sides[0], sides[2], sides[1] * sides[3]));
    }

    private void RequireSides(Tensor query, Tensor key, Tensor? value)
    {
        AttentionShapes.RequireBatch(query, _sizes.Query, nameof(query));
        if (ReferenceEquals(query, key) && (value is null || ReferenceEquals(key, value)) && _sizes.IsUniform)
        {
            return;
        }
        AttentionShapes.RequireBatch(key, _sizes.Key, nameof(key));
        AttentionShapes.RequireLeading(query.shape, key.shape, nameof(query), nameof(key));
        if (value is not null)
        {
            AttentionShapes.RequireBatch(value, _sizes.Value, nameof(value));
            AttentionShapes.RequireValues(key, value);
        }
    }

    private Tensor Weigh(Tensor q_BHTK, Tensor k_BHSK, AttentionMask? mask) =>
        score is null ? ScaledDotProductAttention.Weights(q_BHTK, k_BHSK, mask) : MaskedSoftmax.Apply(score.forward(q_BHTK, k_BHSK), mask);

    // One product for all three: [B, T, D] → [B, T, 3·D] → three views [B, H, T, K].
    private (Tensor, Tensor, Tensor) ProjectAll(Tensor input_BTD, long position = 0)
    {
        var qkv = Autocast.Linear(input_BTD, in_proj_weight!, in_proj_bias);
        var sides = input_BTD.shape;
        var parts = qkv.view(sides[0], sides[1], 3, _sizes.Heads, _sizes.QueryHead).unbind(2);
        return (Rotate(parts[0].transpose(1, 2), position), Rotate(parts[1].transpose(1, 2), position), parts[2].transpose(1, 2));
    }

    private (Tensor, Tensor, Tensor) ProjectSeparately(Tensor query, Tensor key, Tensor value, long position = 0)
    {
        if (in_proj_weight is null || !ReferenceEquals(key, value))
        {
            var (k, v) = ProjectKeysAndValues(key, value, position);
            return (ProjectQueries(query, position), k, v);
        }
        // One split rather than slices: its gradient is put together in one pass.
        var sections = new[] { _sizes.Query, 2 * _sizes.Query };
        var weights = in_proj_weight.split(sections, 0);
        var biases = in_proj_bias?.split(sections, 0);
        var (k_BHSK, v_BHSK) = ProjectTogether(key, weights[1], biases?[1], position);
        return (Rotate(SplitHeads(Autocast.Linear(query, weights[0], biases?[0]), _sizes.QueryHead), position), k_BHSK, v_BHSK);
    }

    private Tensor ProjectQueries(Tensor query, long position = 0)
    {
        var queries = _sizes.Heads * _sizes.QueryHead;
        var weight = q_proj_weight ?? in_proj_weight!.narrow(0, 0, queries);
        return Rotate(SplitHeads(Autocast.Linear(query, weight, in_proj_bias?.narrow(0, 0, queries)), _sizes.QueryHead), position);
    }

    private (Tensor, Tensor) ProjectKeysAndValues(Tensor key, Tensor value, long position = 0)
    {
        var (queries, keys, values) = (_sizes.Heads * _sizes.QueryHead, _sizes.Heads * _sizes.KeyHead, _sizes.Heads * _sizes.ValueHead);
        if (in_proj_weight is not null && ReferenceEquals(key, value))
        {
            return ProjectTogether(
                key,
                in_proj_weight.narrow(0, queries, keys + values),
                in_proj_bias?.narrow(0, queries, keys + values),
                position
            );
        }
        var k_BHSK = ProjectKeys(key, position);
        var v_weight = v_proj_weight ?? in_proj_weight!.narrow(0, queries + keys, values);
        var v = Autocast.Linear(value, v_weight, in_proj_bias?.narrow(0, queries + keys, values));
        return (k_BHSK, SplitHeads(v, _sizes.ValueHead));
    }

    private Tensor ProjectKeys(Tensor key, long position = 0)
    {
        var (queries, keys) = (_sizes.Heads * _sizes.QueryHead, _sizes.Heads * _sizes.KeyHead);
        var weight = k_proj_weight ?? in_proj_weight!.narrow(0, queries, keys);
        var k = Autocast.Linear(key, weight, in_proj_bias?.narrow(0, queries, keys));
        return Rotate(SplitHeads(k, _sizes.KeyHead), position);
    }

    // One product for keys and values: [B, S, D] → [B, S, 2·D] → two views [B, H, S, K].
    private (Tensor, Tensor) ProjectTogether(Tensor memory, Tensor weight, Tensor? bias, long position)
    {
        var kv = Autocast.Linear(memory, weight, bias);
        var sides = memory.shape;
        var parts = kv.view(sides[0], sides[1], 2, _sizes.Heads, _sizes.KeyHead).unbind(2);
        return (Rotate(parts[0].transpose(1, 2), position), parts[1].transpose(1, 2));
    }

    private Tensor Rotate(Tensor heads_BHTK, long position) => Rotary is null ? heads_BHTK : Rotary.forward(heads_BHTK, position);

    // [B, T, H·K] → [B, H, T, K]
    private Tensor SplitHeads(Tensor x, long headSize)
    {
        var sides = x.shape;
        return x.view(sides[0], sides[1], _sizes.Heads, headSize).transpose(1, 2);
    }

    private static Parameter Weight(long rows, long columns)
    {
        var weight = torch.nn.Parameter(torch.empty(rows, columns));
        torch.nn.init.xavier_uniform_(weight);
        return weight;
    }
}
