using System.Runtime.Intrinsics;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>Products of matrices that lie in the processor's cache, too small for a library's to pay.</summary>
internal static unsafe class SmallProduct
{
    private const int Lanes = ScoreRow.Lanes;
    private const int RowsTogether = 4;

    /// <summary>C = A B. Each sum is added up in the order of its terms, with one rounding a term, on every processor alike.</summary>
    /// <param name="a">
    /// A: element (m, k) is at m · <paramref name="aRow"/> + k · <paramref name="aColumn"/>, so that it may be a transpose.
    /// </param>
    /// <param name="aRow">See there.</param>
    /// <param name="aColumn">See there.</param>
    /// <param name="b">B: [K, N], rows of <paramref name="n"/> numbers.</param>
    /// <param name="c">C: [M, N], rows of <paramref name="n"/> numbers.</param>
    /// <param name="m">M.</param>
    /// <param name="k">K.</param>
    /// <param name="n">N, of full vectors (<see cref="ScoreRow.Room"/>).</param>
    public static void Multiply(float* a, int aRow, int aColumn, float* b, float* c, int m, int k, int n)
    {
        for (var row = 0; row < m; row += RowsTogether)
        {
            // Where rows or columns end, the last ones are computed more than once.
            var (row1, row2, row3) = (Math.Min(row + 1, m - 1), Math.Min(row + 2, m - 1), Math.Min(row + 3, m - 1));
            var a0 = a + (row * aRow);
            var a1 = a + (row1 * aRow);
            var a2 = a + (row2 * aRow);
            var a3 = a + (row3 * aRow);
            for (var column = 0; column < n; column += 2 * Lanes)
            {
                var other = Math.Min(column + Lanes, n - Lanes);
                var (c00, c10, c20, c30) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
                var (c01, c11, c21, c31) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
                for (var term = 0; term < k; term++)
                {
                    var (b0, b1) = (Vector512.Load(b + (term * n) + column), Vector512.Load(b + (term * n) + other));
                    var at = term * aColumn;
                    var x = Vector512.Create(a0[at]);
                    c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
                    c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
                    x = Vector512.Create(a1[at]);
                    c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
                    c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
                    x = Vector512.Create(a2[at]);
                    c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
                    c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
                    x = Vector512.Create(a3[at]);
                    c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
                    c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
                }
                Store(c + (row * n), column, other, c00, c01);
                Store(c + (row1 * n), column, other, c10, c11);
                Store(c + (row2 * n), column, other, c20, c21);
                Store(c + (row3 * n), column, other, c30, c31);
            }
        }
    }

    private static void Store(float* row, int column, int other, Vector512<float> first, Vector512<float> second)
    {
        first.Store(row + column);
        second.Store(row + other);
    }
}
