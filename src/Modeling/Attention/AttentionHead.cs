using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// One head of <see cref="FusedAttention"/>: softmax(Q Kᵀ / √K) V and its gradients, in float32, in memory of its own that fits the
/// processor's cache. Rows are of full vectors, filled with zeros.
/// </summary>
internal sealed unsafe class AttentionHead : IDisposable
{
    private const int Lanes = ScoreRow.Lanes;

    private readonly int _width;
    private readonly int _widthRoom;
    private readonly float _scale;
    private readonly RotaryTable? _rotations;
    private int _queries;
    private int _keys;
    private int _keyRoom;

    private readonly float* _memory;
    private readonly float* _q;
    private readonly float* _k;
    private readonly float* _v;
    private readonly float* _transposed;
    private readonly float* _weights;
    private readonly float* _dropped;
    private readonly float* _factors;
    private readonly float* _gradient;
    private readonly float* _scores;
    private readonly float* _result;

    /// <summary>Makes room.</summary>
    /// <param name="queries">T, at most.</param>
    /// <param name="keys">S, at most.</param>
    /// <param name="width">K.</param>
    /// <param name="rotations">Of at least as many positions; null: queries and keys are not rotated.</param>
    public AttentionHead(int queries, int keys, int width, RotaryTable? rotations)
    {
        _rotations = rotations;
        (_width, _widthRoom) = (width, ScoreRow.Room(width));
        _scale = (float)(1 / Math.Sqrt(width));
        var (ofQueries, ofKeys) = ((nuint)(queries * _widthRoom), (nuint)(keys * _widthRoom));
        var (ofWeights, ofTransposed) = ((nuint)(queries * ScoreRow.Room(keys)), (nuint)(width * ScoreRow.Room(keys)));
        // Whole blocks of the dropout's mask, wherever the first weight lies in one.
        var ofFactors = (nuint)((queries * keys) + (2 * TensorBlock.Elements));
        var most = Math.Max(ofQueries, ofKeys);
        var total = (2 * ofQueries) + (2 * ofKeys) + ofTransposed + (3 * ofWeights) + ofFactors + most;
        var next = _memory = (float*)NativeMemory.AlignedAlloc(total * sizeof(float), 64);
        float* Take(nuint count)
        {
            var taken = next;
            next += count;
            return taken;
        }
        _q = Take(ofQueries);
        _gradient = Take(ofQueries);
        _k = Take(ofKeys);
        _v = Take(ofKeys);
        _transposed = Take(ofTransposed);
        _weights = Take(ofWeights);
        _dropped = Take(ofWeights);
        _scores = Take(ofWeights);
        _result = Take(most);
        _factors = Take(ofFactors);
    }

    public void Load(AttentionTask.Sentence sentence, HeadRows queries, HeadRows keys, HeadRows values)
    {
        (_queries, _keys, _keyRoom) = (sentence.Queries, sentence.Keys, ScoreRow.Room(sentence.Keys));
        queries.Read(_q, _queries, _width);
        keys.Read(_k, _keys, _width);
        values.Read(_v, _keys, _width);
        for (var query = 0; query < _queries; query++)
        {
            _rotations?.Rotate(_q + (query * _widthRoom), query);
        }
        for (var key = 0; key < _keys; key++)
        {
            _rotations?.Rotate(_k + (key * _widthRoom), key);
        }
    }

    /// <summary>P = softmax(Q Kᵀ / √K).</summary>
    /// <param name="isCausal">Query t attends to the keys 0…t only.</param>
    public void Weigh(bool isCausal)
    {
        Transpose(_k);
        SmallProduct.Multiply(_q, _widthRoom, 1, _transposed, _weights, _queries, _width, _keyRoom);
        var scale = Vector512.Create(_scale);
        for (var query = 0; query < _queries; query++)
        {
            var row = _weights + (query * _keyRoom);
            var some = isCausal ? Math.Min(query + 1, _keys) : _keys;
            new Span<float>(row + some, _keyRoom - some).Fill(float.NegativeInfinity);
            for (var i = 0; i < _keyRoom; i += Lanes)
            {
                (Vector512.Load(row + i) * scale).Store(row + i);
            }
            var greatest = ScoreRow.Greatest(row, _keyRoom);
            var perTotal = Vector512.Create(1 / ScoreRow.Exponentials(row, row, _keyRoom, greatest));
            for (var i = 0; i < _keyRoom; i += Lanes)
            {
                (Vector512.Load(row + i) * perTotal).Store(row + i);
            }
        }
    }

    public void KeepWeights(float* to) => new ReadOnlySpan<float>(_weights, _queries * _keyRoom).CopyTo(new(to, _queries * _keyRoom));

    public void TakeWeights(float* from) => new ReadOnlySpan<float>(from, _queries * _keyRoom).CopyTo(new(_weights, _queries * _keyRoom));

    /// <summary>P′ = P with weights dropped, and what is left divided by its share.</summary>
    /// <param name="dropout">Null: nothing is dropped.</param>
    /// <param name="first">The number of the head's first weight among all heads' [B, H, T, S].</param>
    public void Drop(CounterDropout.Mask? dropout, long first)
    {
        if (dropout is null)
        {
            new ReadOnlySpan<float>(_weights, _queries * _keyRoom).CopyTo(new(_dropped, _queries * _keyRoom));
            return;
        }
        var block = (int)(first / TensorBlock.Elements);
        var skipped = (int)(first % TensorBlock.Elements);
        var factors = _factors + skipped;
        dropout.Factors(_factors, block, skipped + (_queries * _keys));
        for (var query = 0; query < _queries; query++)
        {
            var from = _weights + (query * _keyRoom);
            var to = _dropped + (query * _keyRoom);
            var times = factors + (query * _keys);
            var key = 0;
            for (; key <= _keys - Lanes; key += Lanes)
            {
                (Vector512.Load(from + key) * Vector512.Load(times + key)).Store(to + key);
            }
            for (; key < _keys; key++)
            {
                to[key] = from[key] * times[key];
            }
            new Span<float>(to + _keys, _keyRoom - _keys).Clear();
        }
    }

    /// <summary>P′ V.</summary>
    public void AddUp(HeadRows to)
    {
        SmallProduct.Multiply(_dropped, _keyRoom, 1, _v, _result, _queries, _keys, _widthRoom);
        to.Write(_result, _queries, _width);
    }

    /// <summary>From the gradient of the output to those of Q, K and V.</summary>
    public void Differentiate(HeadRows from, HeadRows toQueries, HeadRows toKeys, HeadRows toValues)
    {
        from.Read(_gradient, _queries, _width);
        // ∂V = P′ᵀ ∂O
        SmallProduct.Multiply(_dropped, 1, _keyRoom, _gradient, _result, _keys, _queries, _widthRoom);
        toValues.Write(_result, _keys, _width);
        // ∂P′ = ∂O Vᵀ
        Transpose(_v);
        SmallProduct.Multiply(_gradient, _widthRoom, 1, _transposed, _scores, _queries, _width, _keyRoom);
        DifferentiateSoftmax();
        // ∂Q = ∂Z K, ∂K = ∂Zᵀ Q
        SmallProduct.Multiply(_scores, _keyRoom, 1, _k, _result, _queries, _keys, _widthRoom);
        WriteBack(toQueries, _queries);
        SmallProduct.Multiply(_scores, 1, _keyRoom, _q, _result, _keys, _queries, _widthRoom);
        WriteBack(toKeys, _keys);
    }

    // The gradients of what was rotated become those of what was not.
    private void WriteBack(HeadRows to, int rows)
    {
        for (var row = 0; row < rows; row++)
        {
            _rotations?.RotateBack(_result + (row * _widthRoom), row);
        }
        to.Write(_result, rows, _width);
    }

    // P ∘ ∂P = P′ ∘ ∂P′, as P′ is P times what ∂P is ∂P′ times.
    // So ∂Z = (P′ ∘ ∂P′ − P Σ P′ ∘ ∂P′) / √K.
    private void DifferentiateSoftmax()
    {
        var scale = Vector512.Create(_scale);
        for (var query = 0; query < _queries; query++)
        {
            var at = query * _keyRoom;
            var sums = Vector512<float>.Zero;
            for (var i = at; i < at + _keyRoom; i += Lanes)
            {
                var product = Vector512.Load(_dropped + i) * Vector512.Load(_scores + i);
                product.Store(_scores + i);
                sums += product;
            }
            var sum = Vector512.Create(ScoreRow.Sum(sums));
            for (var i = at; i < at + _keyRoom; i += Lanes)
            {
                ((Vector512.Load(_scores + i) - (Vector512.Load(_weights + i) * sum)) * scale).Store(_scores + i);
            }
        }
    }

    // [S, K] → [K, S], filled with zeros; squares of four at a time, as far as they go.
    private void Transpose(float* rows)
    {
        var (squareKeys, squareColumns) = Sse.IsSupported ? (_keys & ~3, _width & ~3) : (0, 0);
        for (var column = 0; column < squareColumns; column += 4)
        {
            for (var key = 0; key < squareKeys; key += 4)
            {
                TransposeSquare(rows + (key * _widthRoom) + column, _transposed + (column * _keyRoom) + key);
            }
        }
        for (var column = 0; column < _width; column++)
        {
            var to = _transposed + (column * _keyRoom);
            for (var key = column < squareColumns ? squareKeys : 0; key < _keys; key++)
            {
                to[key] = rows[(key * _widthRoom) + column];
            }
            new Span<float>(to + _keys, _keyRoom - _keys).Clear();
        }
    }

    private void TransposeSquare(float* from, float* to)
    {
        var (a, b) = (Vector128.Load(from), Vector128.Load(from + _widthRoom));
        var (c, d) = (Vector128.Load(from + (2 * _widthRoom)), Vector128.Load(from + (3 * _widthRoom)));
        var (left, right) = (Sse.UnpackLow(a, b), Sse.UnpackLow(c, d));
        Sse.MoveLowToHigh(left, right).Store(to);
        Sse.MoveHighToLow(right, left).Store(to + _keyRoom);
        (left, right) = (Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
        Sse.MoveLowToHigh(left, right).Store(to + (2 * _keyRoom));
        Sse.MoveHighToLow(right, left).Store(to + (3 * _keyRoom));
    }

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}
