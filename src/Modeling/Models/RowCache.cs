using System.Buffers;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// Keys or values of each row: [R, H, C, K], of which the first tokens are used. Rows move within the memory, and only those that do.
/// </summary>
internal sealed unsafe class RowCache : IDisposable
{
    private const int FirstRoom = 16;
    private readonly int _heads;
    private readonly int _width;
    private Tensor _all_RHCK;
    private float* _start;
    private int _room;

    /// <summary>Room for tokens to come.</summary>
    public RowCache(int rows, int heads, int width)
        : this(empty(new long[] { rows, heads, FirstRoom, width }, ScalarType.Float32), FirstRoom) { }

    /// <summary>A copy of what is there.</summary>
    public RowCache(Tensor filled_RHCK)
        : this(Copy(filled_RHCK), (int)filled_RHCK.shape[2]) { }

    private RowCache(Tensor owned_RHCK, int room)
    {
        (_heads, _room, _width) = ((int)owned_RHCK.shape[1], room, (int)owned_RHCK.shape[3]);
        _all_RHCK = owned_RHCK.DetachFromDisposeScope();
        _start = StartOf(_all_RHCK);
    }

    /// <summary>The first rows and tokens: [rows, H, length, K].</summary>
    public Tensor View(int rows, int length) => _all_RHCK.narrow(0, 0, rows).narrow(2, 0, length);

    /// <summary>Adds a token to each row.</summary>
    /// <param name="from">Of the first row: H · K numbers.</param>
    /// <param name="stride">From one row's numbers to the next.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="length">Tokens before.</param>
    public void Append(float* from, int stride, int rows, int length)
    {
        if (length == _room)
        {
            Grow(rows, length);
        }
        for (var row = 0; row < rows; row++)
        {
            for (var head = 0; head < _heads; head++)
            {
                new ReadOnlySpan<float>(from + ((long)row * stride) + (head * _width), _width).CopyTo(
                    new Span<float>(Head(row, head) + ((long)length * _width), _width)
                );
            }
        }
    }

    /// <summary>Lets row i go on as row <c>rows[i]</c> was.</summary>
    /// <param name="rows">
    /// Old numbers. Groups of rows exchange theirs among each other, or a group takes the place of one before it; where groups move out of
    /// their order, none reads what another has overwritten.
    /// </param>
    /// <param name="group">Rows of a group.</param>
    /// <param name="length">Tokens that are used.</param>
    public void Select(ReadOnlySpan<long> rows, int group, int length)
    {
        var size = _heads * length * _width;
        // Of the pool: each step needs a little more than the one before, and large arrays that are made anew cost full collections.
        var moving = ArrayPool<float>.Shared.Rent(group * size);
        for (var first = 0; first < rows.Length; first += group)
        {
            // All are read before any is written.
            for (var i = 0; i < group; i++)
            {
                if (rows[first + i] != first + i)
                {
                    Move((int)rows[first + i], moving.AsSpan(i * size, size), length, isReading: true);
                }
            }
            for (var i = 0; i < group; i++)
            {
                if (rows[first + i] != first + i)
                {
                    Move(first + i, moving.AsSpan(i * size, size), length, isReading: false);
                }
            }
        }
        ArrayPool<float>.Shared.Return(moving);
    }

    /// <inheritdoc/>
    public void Dispose() => _all_RHCK.Dispose();

    private void Move(int row, Span<float> copy, int length, bool isReading)
    {
        for (var head = 0; head < _heads; head++)
        {
            var kept = new Span<float>(Head(row, head), length * _width);
            var part = copy.Slice(head * kept.Length, kept.Length);
            if (isReading)
            {
                kept.CopyTo(part);
            }
            else
            {
                part.CopyTo(kept);
            }
        }
    }

    private void Grow(int rows, int length)
    {
        using var scope = NewDisposeScope();
        var larger = empty(new long[] { _all_RHCK.shape[0], _heads, 2 * _room, _width }, ScalarType.Float32).DetachFromDisposeScope();
        larger.narrow(0, 0, rows).narrow(2, 0, length).copy_(View(rows, length));
        _all_RHCK.Dispose();
        (_all_RHCK, _room) = (larger, 2 * _room);
        _start = StartOf(larger);
    }

    private float* Head(int row, int head) => _start + ((((long)row * _heads) + head) * _room * _width);

    private static float* StartOf(Tensor tensor)
    {
        fixed (byte* start = tensor.bytes)
        {
            return (float*)start;
        }
    }

    private static Tensor Copy(Tensor filled)
    {
        using var scope = NewDisposeScope();
        return empty(filled.shape, ScalarType.Float32).copy_(filled).MoveToOuterDisposeScope();
    }
}
