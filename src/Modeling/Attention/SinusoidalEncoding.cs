using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>
/// Sine on even, cosine on odd features (Vaswani et al. 2017, section 3.5):
/// PE(t, 2j) = sin(t ω_j), PE(t, 2j+1) = cos(t ω_j), ω_j = 10000^(−2j/D). A shift by δ rotates each (sine, cosine) pair
/// by the angle δ ω_j, whatever t is. Nothing is learned; the table grows with the longest sequence seen.
/// </summary>
/// <param name="width">D; the last cosine is left out where it is odd.</param>
public sealed class SinusoidalEncoding(long width) : PositionalEncoding(nameof(SinusoidalEncoding))
{
    private const long FirstLength = 512;
    private readonly long _width =
        width >= 1 ? width : throw new ArgumentOutOfRangeException(nameof(width), width, "An encoding has at least one feature.");
    private readonly Lock _gate = new();
    private Tensor? _table;

    /// <inheritdoc/>
    public override long Width => _width;

    /// <inheritdoc/>
    public override Tensor Positions(long start, long length, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        // Several threads may compute with a model.
        lock (_gate)
        {
            if (
                _table is null
                || _table.shape[0] < start + length
                || _table.device_type != device.type
                || _table.device_index != device.index
            )
            {
                var rows = Math.Max(FirstLength, _table?.shape[0] ?? 0);
                while (rows < start + length)
                {
                    rows *= 2;
                }
                _table?.Dispose();
                using var scope = NewDisposeScope();
                _table = tensor(Table(rows, _width), new[] { rows, _width }).to(device).DetachFromDisposeScope();
            }
            return _table.narrow(0, start, length);
        }
    }

    /// <summary>PE, computed in double precision.</summary>
    /// <returns>Row-major [length, width].</returns>
    public static float[] Table(long length, long width)
    {
        var table = new float[length * width];
        for (var feature = 0L; feature < width; feature++)
        {
            var frequency = Frequency(feature / 2, width);
            for (var position = 0L; position < length; position++)
            {
                table[position * width + feature] = (float)(
                    feature % 2 == 0 ? Math.Sin(position * frequency) : Math.Cos(position * frequency)
                );
            }
        }
        return table;
    }

    /// <summary>ω_j = 10000^(−2j/D), in radians a position.</summary>
    public static double Frequency(long pair, long width) => Math.Pow(10000, -2.0 * pair / width);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _table?.Dispose();
        }
        base.Dispose(disposing);
    }
}
