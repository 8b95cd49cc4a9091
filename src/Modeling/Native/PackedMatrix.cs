using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;
using unsafe Sgemm = delegate* unmanaged<byte*, byte*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*, void>;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// A weight matrix laid out once as MKL's kernels read it (<c>cblas_sgemm_pack</c>). A product with few rows otherwise spends more
/// time on laying the matrix out than on computing.
/// </summary>
/// <remarks>
/// The products have the bits of libtorch's own: MKL cuts long sums into pieces, with a packed matrix into others, so that the pieces
/// are packed one by one, and <see cref="TryCreate"/> tries which ones give the same bits on this processor. Where none do, or where
/// libtorch has no such functions, there is no packed matrix. On some processors (seen on Zen 1) MKL has ways of its own for a
/// few rows, which a packed matrix does not take: then these are multiplied with the matrix as it is. Legend: <c>O</c> outputs,
/// <c>I</c> inputs, <c>R</c> rows.
/// </remarks>
internal sealed unsafe partial class PackedMatrix : IDisposable
{
    // Rows that MKL is told to expect: with one it leaves the matrix as it is.
    private const int ExpectedRows = 64;
    private const int TrialRows = 5;
    private const int ColumnMajor = 102;
    private const int AsIs = 111;
    private const int Transposed = 112;
    private const int Packed = 151;
    private const int MatrixA = 161;
    private const int ReadWrite = 3;
    private const int PrivateAnonymousNoReserve = 0x4022;

    private static readonly Functions? s_functions = Functions.Find();

    // 0: the whole sum at once.
    private static readonly int[] s_pieces = [0, 384, 256, 192];

    private readonly List<(nint Start, nuint Bytes, int From, int Inputs)> _pieces = [];

    // With fewer rows the matrix as it is has libtorch's bits.
    private int _leastRows = 1;
    private Tensor? _weight_OI;

    private PackedMatrix(float* weight_OI, int outputs, int inputs, int piece)
    {
        (Outputs, Inputs) = (outputs, inputs);
        for (var from = 0; from < inputs; from += piece)
        {
            var length = Math.Min(piece, inputs - from);
            var bytes = s_functions!.Size(MatrixA, outputs, ExpectedRows, length);
            // MKL asks for room that it hardly touches: such pages cost nothing.
            var start = Map(0, bytes, ReadWrite, PrivateAnonymousNoReserve, -1, 0);
            if (start == -1)
            {
                Dispose();
                throw new IOException($"mmap of {bytes} bytes for a packed matrix failed.");
            }
            s_functions.Pack(ColumnMajor, MatrixA, Transposed, outputs, ExpectedRows, length, 1, weight_OI + from, inputs, (void*)start);
            _pieces.Add((start, bytes, from, length));
        }
    }

    /// <summary>O.</summary>
    public int Outputs { get; }

    /// <summary>I.</summary>
    public int Inputs { get; }

    /// <summary>Packs a matrix.</summary>
    /// <param name="weight_OI">[O, I] float32 on the CPU; stays as it is while the packed matrix is used.</param>
    /// <returns>Null: products would have other bits than libtorch's, or this libtorch cannot.</returns>
    public static PackedMatrix? TryCreate(Tensor weight_OI)
    {
        if (
            s_functions is null
            || weight_OI.dtype != ScalarType.Float32
            || weight_OI.device_type != DeviceType.CPU
            || weight_OI.dim() != 2
            || weight_OI.numel() == 0
        )
        {
            return null;
        }
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var contiguous = weight_OI.detach().contiguous();
        var (outputs, inputs) = ((int)contiguous.shape[0], (int)contiguous.shape[1]);
        fixed (byte* weight = contiguous.bytes)
        {
            foreach (var piece in s_pieces.Where(piece => piece < inputs))
            {
                var packed = new PackedMatrix((float*)weight, outputs, inputs, piece == 0 ? inputs : piece);
                if (packed.HasBitsOf(contiguous, TrialRows) && packed.TryFewRows(contiguous))
                {
                    return packed;
                }
                packed.Dispose();
            }
        }
        return null;
    }

    /// <summary>y = x Wᵀ, or y += x Wᵀ.</summary>
    /// <param name="x_RI">[R, I], row after row.</param>
    /// <param name="rows">R.</param>
    /// <param name="y_RO">[R, O].</param>
    /// <param name="add">Whether y is added to.</param>
    public void Multiply(float* x_RI, int rows, float* y_RO, bool add)
    {
        if (rows < _leastRows)
        {
            MultiplyAsIs(x_RI, rows, y_RO, add);
            return;
        }
        foreach (var (start, _, from, inputs) in _pieces)
        {
            s_functions!.Compute(
                ColumnMajor,
                Packed,
                AsIs,
                Outputs,
                rows,
                inputs,
                (void*)start,
                inputs,
                x_RI + from,
                Inputs,
                add || from > 0 ? 1 : 0,
                y_RO,
                Outputs
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (start, bytes, _, _) in _pieces)
        {
            _ = Unmap(start, bytes);
        }
        _pieces.Clear();
        _weight_OI?.Dispose();
        _weight_OI = null;
    }

    private void MultiplyAsIs(float* x_RI, int rows, float* y_RO, bool add)
    {
        var (transposed, asIs) = ((byte)'T', (byte)'N');
        var (outputs, inputs, one, before) = (Outputs, Inputs, 1f, add ? 1f : 0f);
        fixed (byte* weight = _weight_OI!.bytes)
        {
            s_functions!.Plain(
                &transposed,
                &asIs,
                &outputs,
                &rows,
                &inputs,
                &one,
                (float*)weight,
                &inputs,
                x_RI,
                &inputs,
                &before,
                y_RO,
                &outputs
            );
        }
    }

    /// <summary>Finds out how many rows are too few for the packed matrix.</summary>
    /// <returns>False: without it they do not have libtorch's bits either.</returns>
    private bool TryFewRows(Tensor weight_OI)
    {
        var fewer = Enumerable.Range(1, TrialRows - 1).ToArray();
        var differing = fewer.Where(rows => !HasBitsOf(weight_OI, rows)).ToArray();
        if (differing.Length == 0)
        {
            return true;
        }
        _leastRows = differing[^1] + 1;
        _weight_OI = weight_OI.alias().DetachFromDisposeScope();
        return fewer.Where(rows => rows < _leastRows).All(rows => HasBitsOf(weight_OI, rows));
    }

    private bool HasBitsOf(Tensor weight_OI, int rows)
    {
        // Any numbers do whose products are rounded.
        var x_RI = new float[rows * Inputs];
        var bias_O = new float[Outputs];
        var random = new Random(1);
        for (var i = 0; i < x_RI.Length; i++)
        {
            x_RI[i] = (random.NextSingle() * 2) - 1;
        }
        for (var i = 0; i < bias_O.Length; i++)
        {
            bias_O[i] = random.NextSingle();
        }
        var input = tensor(x_RI, new long[] { rows, Inputs });
        var plain = new float[rows * Outputs];
        var biased = Enumerable.Repeat(bias_O, rows).SelectMany(row => row).ToArray();
        fixed (
            float* x = x_RI,
                y = plain,
                z = biased
        )
        {
            Multiply(x, rows, y, add: false);
            Multiply(x, rows, z, add: true);
        }
        return SameBits(plain, nn.functional.linear(input, weight_OI))
            && SameBits(biased, nn.functional.linear(input, weight_OI, tensor(bias_O)));
    }

    private static bool SameBits(float[] own, Tensor libtorch) =>
        MemoryMarshal.AsBytes(own.AsSpan()).SequenceEqual(libtorch.contiguous().bytes);

    [LibraryImport("libc", EntryPoint = "mmap64", SetLastError = true)]
    private static partial nint Map(nint at, nuint bytes, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint start, nuint bytes);

    // MKL's C interface, within libtorch.
    private sealed class Functions
    {
        public required delegate* unmanaged<int, int, int, int, nuint> Size { get; init; }

        public required delegate* unmanaged<int, int, int, int, int, int, float, float*, int, void*, void> Pack { get; init; }

        public required delegate* unmanaged<
            int,
            int,
            int,
            int,
            int,
            int,
            void*,
            int,
            float*,
            int,
            float,
            float*,
            int,
            void> Compute { get; init; }

        // Of BLAS itself, as libtorch calls it.
        public required Sgemm Plain { get; init; }

        public static Functions? Find()
        {
            if (
                !OperatingSystem.IsLinux()
                || Libtorch.LoadedFrom is not { } folder
                || !NativeLibrary.TryLoad(Path.Combine(folder, "libtorch_cpu.so"), out var library)
                || !NativeLibrary.TryGetExport(library, "cblas_sgemm_pack_get_size", out var size)
                || !NativeLibrary.TryGetExport(library, "cblas_sgemm_pack", out var pack)
                || !NativeLibrary.TryGetExport(library, "cblas_sgemm_compute", out var compute)
                || !NativeLibrary.TryGetExport(library, "sgemm_", out var plain)
            )
            {
                return null;
            }
            return new Functions
            {
                Size = (delegate* unmanaged<int, int, int, int, nuint>)size,
                Pack = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, void*, void>)pack,
                Compute = (delegate* unmanaged<int, int, int, int, int, int, void*, int, float*, int, float, float*, int, void>)compute,
                Plain = (Sgemm)plain,
            };
        }
    }
}
