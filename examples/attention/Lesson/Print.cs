using System.Globalization;
using static TorchSharp.torch;

namespace TrainingCluster.Lessons;

/// <summary>Prints numbers with few digits, so that every processor prints the same.</summary>
public static class Print
{
    private const int Width = 7;

    /// <summary>A line of text.</summary>
    public static void Line(string text = "") => Console.WriteLine(text);

    /// <summary>A name and a number.</summary>
    public static void Value(string name, double value, int digits = 2) => Console.WriteLine($"{name} {Number(value, digits)}");

    /// <summary>A name, then a tensor: a row a line.</summary>
    /// <param name="name">Stands above the numbers.</param>
    /// <param name="values">[N] or [T, S]; sides of 1 before these are left out.</param>
    /// <param name="digits">After the point.</param>
    /// <param name="rows">A name a row; null: none.</param>
    /// <param name="columns">A name a column; null: none.</param>
    public static void Matrix(
        string name,
        Tensor values,
        int digits = 2,
        IReadOnlyList<string>? rows = null,
        IReadOnlyList<string>? columns = null
    )
    {
        ArgumentNullException.ThrowIfNull(values);
        var width = values.shape[^1];
        var numbers = Floats(values);
        Console.WriteLine(name);
        var cells = numbers.Select(value => Number(value, digits)).ToArray();
        var left = (rows ?? []).Select(row => row.Length).DefaultIfEmpty(0).Max();
        var cell = Math.Max(Width, cells.Concat(columns ?? []).Max(text => text.Length) + 2);
        if (columns is not null)
        {
            Console.WriteLine($"{new string(' ', left)}{string.Concat(columns.Select(column => column.PadLeft(cell)))}");
        }
        for (var row = 0; row * width < cells.Length; row++)
        {
            var line = cells.Skip((int)(row * width)).Take((int)width).Select(text => text.PadLeft(cell));
            Console.WriteLine($"{(rows is null ? "" : rows[row]).PadRight(left)}{string.Concat(line)}");
        }
    }

    /// <summary>A number as text; a zero has no sign.</summary>
    public static string Number(double value, int digits = 2)
    {
        var text = value.ToString($"F{digits}", CultureInfo.InvariantCulture);
        return text.StartsWith('-') && text.All(c => c is '-' or '0' or '.') ? text[1..] : text;
    }

    /// <summary>The numbers of a tensor, row by row.</summary>
    public static float[] Floats(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var scope = NewDisposeScope();
        return values.detach().to(ScalarType.Float32).contiguous().data<float>().ToArray();
    }
}
