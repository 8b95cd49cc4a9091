using System.Numerics.Tensors;
using TorchSharp;
using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// A Transformer's state between the steps of a prediction, and the step itself, with few calls of libtorch: products with packed
/// matrices and sums run on buffers that the state owns, normalisations and attention are libtorch's. A step gives the bits of
/// <see cref="Transformer.DecodeStep"/> on a <see cref="TransformerState"/>. Legend: <c>N</c> sentences, <c>R</c> rows, <c>H</c> heads,
/// <c>K</c> head width, <c>D</c> model width, <c>F</c> inner width, <c>S</c> source length, <c>C</c> room for tokens, <c>V</c>
/// vocabulary.
/// </summary>
internal sealed unsafe class PackedTransformerState : DecoderState
{
    private readonly PackedDecoder _decoder;
    private readonly (int H, int K, int D, int F, int V, int S) _sizes;
    private readonly RowCache[] _memory;
    private readonly RowCache[] _tokens;
    private readonly Buffer _x_RD;
    private readonly Buffer _qkv_RQ;
    private readonly Buffer _y_RD;
    private readonly Buffer _inner_RF;
    private readonly Buffer _scores_RV;
    private readonly Buffer? _mask_NS;
    private readonly long[] _lengths;

    /// <param name="decoder">The packed decoder; must outlive the state.</param>
    /// <param name="sentences">N.</param>
    /// <param name="beams">Rows of each sentence.</param>
    /// <param name="lengths_N">Source tokens of each sentence; at least 1.</param>
    /// <param name="sourceLength">S.</param>
    /// <param name="blocks">The blocks' keys and values of the source, which are copied.</param>
    public PackedTransformerState(
        PackedDecoder decoder,
        long sentences,
        int beams,
        Tensor lengths_N,
        long sourceLength,
        IReadOnlyList<TransformerBlockState> blocks
    )
        : base(sentences, beams)
    {
        var options = decoder.Model.Options;
        _decoder = decoder;
        _sizes = (
            options.Heads,
            options.Width / options.Heads,
            options.Width,
            options.FeedForward,
            decoder.Model.VocabularySize,
            (int)sourceLength
        );
        var rows = (int)(sentences * beams);
        _memory = [.. blocks.SelectMany(block => (RowCache[])[new(block.MemoryKeys), new(block.MemoryValues)])];
        foreach (var block in blocks)
        {
            block.Dispose();
        }
        _tokens = [.. Enumerable.Range(0, 2 * blocks.Count).Select(_ => new RowCache(rows, _sizes.H, _sizes.K))];
        _x_RD = new(rows, _sizes.D);
        _y_RD = new(rows, _sizes.D);
        _qkv_RQ = new(rows, 3 * _sizes.D);
        _inner_RF = new(rows, _sizes.F);
        _scores_RV = new(rows, _sizes.V);
        _lengths = lengths_N.cpu().data<long>().ToArray();
        if (_lengths.Length > 0 && _lengths.Min() < sourceLength)
        {
            _mask_NS = new(_lengths.Length, _sizes.S);
            for (var sentence = 0; sentence < _lengths.Length; sentence++)
            {
                FillMask(sentence);
            }
        }
    }

    /// <summary>Takes the next token of every row and scores the one after it.</summary>
    /// <param name="tokens_R">[R].</param>
    /// <returns>[R, V], a view that the next step overwrites; the caller's.</returns>
    public Tensor Advance(ReadOnlySpan<int> tokens_R)
    {
        if (tokens_R.Length != Rows)
        {
            throw new ArgumentException($"{tokens_R.Length} tokens for {Rows} rows.", nameof(tokens_R));
        }
        using var scope = NewDisposeScope();
        var rows = tokens_R.Length;
        Embed(tokens_R);
        using var mask = Mask();
        var isPre = _decoder.Model.Options.PreNorm;
        for (var layer = 0; layer < _decoder.Blocks.Count; layer++)
        {
            var block = _decoder.Blocks[layer];
            Sublayer(block.Norms[0], rows, isPre, x => AttendTokens(layer, block, x, rows));
            Sublayer(block.Norms[1], rows, isPre, x => AttendMemory(layer, block, x, rows, mask));
            Sublayer(
                block.Norms[2],
                rows,
                isPre,
                x =>
                {
                    block.Inner.Apply(x, rows, _inner_RF.Start);
                    var inner = new Span<float>(_inner_RF.Start, rows * _sizes.F);
                    TensorPrimitives.Max(inner, 0, inner);
                    block.Outer.Apply(_inner_RF.Start, rows, _y_RD.Start);
                }
            );
        }
        Step++;
        using (var last = _decoder.Norm.call(_x_RD.Rows(rows)))
        {
            fixed (byte* x = last.bytes)
            {
                _decoder.Output.Multiply((float*)x, rows, _scores_RV.Start, add: false);
            }
        }
        return _scores_RV.Rows(rows).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void SelectRows(Tensor rows_R)
    {
        var rows = rows_R.cpu().data<long>().ToArray();
        foreach (var cache in _tokens)
        {
            cache.Select(rows, Beams, Step);
        }
    }

    /// <inheritdoc/>
    protected override void SelectSentences(Tensor sentences_N)
    {
        var sentences = sentences_N.cpu().data<long>().ToArray();
        foreach (var cache in _memory)
        {
            cache.Select(sentences, 1, _sizes.S);
        }
        for (var sentence = 0; sentence < sentences.Length; sentence++)
        {
            _lengths[sentence] = _lengths[sentences[sentence]];
            if (_mask_NS is not null)
            {
                FillMask(sentence);
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
        {
            return;
        }
        foreach (var cache in _memory.Concat(_tokens))
        {
            cache.Dispose();
        }
        foreach (var buffer in (Buffer?[])[_x_RD, _y_RD, _qkv_RQ, _inner_RF, _scores_RV, _mask_NS])
        {
            buffer?.Dispose();
        }
    }

    private void FillMask(int sentence)
    {
        var row = new Span<float>(_mask_NS!.Start + ((long)sentence * _sizes.S), _sizes.S);
        var length = (int)Math.Min(_lengths[sentence], _sizes.S);
        row[..length].Clear();
        row[length..].Fill(float.NegativeInfinity);
    }

    /// <summary>[N, 1, 1, S], 0 or −∞; null where no source is filled up, as the model has it then.</summary>
    private Tensor? Mask()
    {
        if (_mask_NS is null || _lengths.AsSpan(0, (int)Sentences).IndexOfAnyExceptInRange(_sizes.S, long.MaxValue) < 0)
        {
            return null;
        }
        return _mask_NS.Rows((int)Sentences).view(Sentences, 1, 1, _sizes.S);
    }

    // Encoding + scale · embedding, rounded once, as libtorch's vectors compute it.
    private void Embed(ReadOnlySpan<int> tokens_R)
    {
        var model = _decoder.Model;
        var scale = (float)model.Scale;
        using var positions = model.Encoding?.Positions(Step, 1, CPU);
        fixed (byte* tableBytes = model.TargetEmbeddings.bytes)
        {
            for (var row = 0; row < tokens_R.Length; row++)
            {
                var embedding = new ReadOnlySpan<float>((float*)tableBytes + ((long)tokens_R[row] * _sizes.D), _sizes.D);
                var x = new Span<float>(_x_RD.Start + ((long)row * _sizes.D), _sizes.D);
                if (positions is null)
                {
                    TensorPrimitives.Multiply(embedding, scale, x);
                    continue;
                }
                fixed (byte* encoding = positions.bytes)
                {
                    TensorPrimitives.FusedMultiplyAdd(embedding, scale, new ReadOnlySpan<float>((float*)encoding, _sizes.D), x);
                }
            }
        }
    }

    private delegate void Function(float* x_RD);

    /// <summary>x + f(norm(x)), or norm(x + f(x)); f leaves its values in <see cref="_y_RD"/>.</summary>
    private void Sublayer(TorchSharp.Modules.LayerNorm norm, int rows, bool isPre, Function f)
    {
        using var x_RD = _x_RD.Rows(rows);
        if (isPre)
        {
            using var normal = norm.call(x_RD);
            fixed (byte* bytes = normal.bytes)
            {
                f((float*)bytes);
            }
        }
        else
        {
            f(_x_RD.Start);
        }
        var x = new Span<float>(_x_RD.Start, rows * _sizes.D);
        TensorPrimitives.Add(x, new ReadOnlySpan<float>(_y_RD.Start, x.Length), x);
        if (!isPre)
        {
            using var normal = norm.call(x_RD);
            fixed (byte* bytes = normal.bytes)
            {
                new ReadOnlySpan<float>((float*)bytes, x.Length).CopyTo(x);
            }
        }
    }

    private void AttendTokens(int layer, PackedBlock block, float* x_RD, int rows)
    {
        block.SelfInputs.Apply(x_RD, rows, _qkv_RQ.Start);
        Rotate(block.Rotary?.Table(Step + 1), rows);
        var (keys, values) = (_tokens[2 * layer], _tokens[(2 * layer) + 1]);
        keys.Append(_qkv_RQ.Start + _sizes.D, 3 * _sizes.D, rows, Step);
        values.Append(_qkv_RQ.Start + (2 * _sizes.D), 3 * _sizes.D, rows, Step);
        using var scope = NewDisposeScope();
        var q_RH1K = _qkv_RQ.Rows(rows).narrow(1, 0, _sizes.D).view(rows, _sizes.H, 1, _sizes.K);
        var heads = torch.nn.functional.scaled_dot_product_attention(q_RH1K, keys.View(rows, Step + 1), values.View(rows, Step + 1));
        Output(block.SelfOutput, heads, rows);
    }

    private void Rotate(RotaryTable? rotations, int rows)
    {
        if (rotations is null)
        {
            return;
        }
        for (var row = 0; row < rows; row++)
        {
            // The heads of the queries and, beside them, those of the keys.
            for (var head = 0; head < 2 * _sizes.H; head++)
            {
                rotations.Rotate(_qkv_RQ.Start + ((long)row * 3 * _sizes.D) + (head * _sizes.K), Step);
            }
        }
    }

    // The beams of a sentence ask its memory together, as queries of one row.
    private void AttendMemory(int layer, PackedBlock block, float* x_RD, int rows, Tensor? mask)
    {
        block.CrossQuery.Apply(x_RD, rows, _y_RD.Start);
        using var scope = NewDisposeScope();
        var (keys, values) = (_memory[2 * layer], _memory[(2 * layer) + 1]);
        var q_NHBK = _y_RD.Rows(rows).view(Sentences, Beams, _sizes.H, _sizes.K).transpose(1, 2);
        var heads = torch.nn.functional.scaled_dot_product_attention(
            q_NHBK,
            keys.View((int)Sentences, _sizes.S),
            values.View((int)Sentences, _sizes.S),
            mask
        );
        Output(block.CrossOutput, heads, rows);
    }

    private void Output(PackedLinear output, Tensor heads_NHTK, int rows)
    {
        // [N, H, T, K] → [R, D]
        var heads_RD = heads_NHTK.transpose(1, 2).reshape(rows, _sizes.D);
        fixed (byte* bytes = heads_RD.bytes)
        {
            output.Apply((float*)bytes, rows, _y_RD.Start);
        }
    }

    /// <summary>Rows of floats, as memory and as a tensor.</summary>
    private sealed class Buffer : IDisposable
    {
        private readonly Tensor _all;

        public Buffer(int rows, int width)
        {
            _all = empty(new long[] { rows, width }, ScalarType.Float32).DetachFromDisposeScope();
            fixed (byte* start = _all.bytes)
            {
                Start = (float*)start;
            }
        }

        /// <summary>The first number; native memory, which stays where it is.</summary>
        public float* Start { get; }

        public Tensor Rows(int rows) => _all.narrow(0, 0, rows);

        public void Dispose() => _all.Dispose();
    }
}
