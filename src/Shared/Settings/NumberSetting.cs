using System.Globalization;
using System.Reflection;

namespace TrainingCluster.Settings;

/// <summary>A number of a program that people can set.</summary>
/// <param name="property">Where it is kept.</param>
/// <param name="range">What it may be.</param>
/// <param name="standard">Where nothing is set.</param>
public sealed class NumberSetting(PropertyInfo property, NumberRangeAttribute range, int standard) : ProgramSetting(property)
{
    /// <inheritdoc/>
    public override string DefaultText => standard.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override string Range => string.Create(CultureInfo.InvariantCulture, $"{range.Least} to {range.Greatest}");

    /// <inheritdoc/>
    public override object? Read(string? text, out string problem)
    {
        var isNumber = int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value);
        problem =
            !isNumber ? $"is no whole number; use {Range}"
            : value < range.Least || value > range.Greatest ? $"is out of range; use {Range}"
            : "";
        return problem.Length == 0 ? value : null;
    }
}
