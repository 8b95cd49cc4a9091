using System.Reflection;

namespace TrainingCluster.Settings;

/// <summary>One of several words.</summary>
/// <param name="property">Where it is kept: an enumeration.</param>
/// <param name="standard">Where nothing is set.</param>
public sealed class ChoiceSetting(PropertyInfo property, object standard) : ProgramSetting(property)
{
    /// <inheritdoc/>
    public override string DefaultText => Word(standard);

    /// <inheritdoc/>
    public override string Range => string.Join(" or ", Enum.GetValues(Property.PropertyType).Cast<object>().Select(Word));

    /// <inheritdoc/>
    public override object? Read(string? text, out string problem)
    {
        // By name: the number of a member is no word.
        var value = Enum.GetValues(Property.PropertyType)
            .Cast<object>()
            .FirstOrDefault(v => Word(v).Equals(text?.Trim(), StringComparison.OrdinalIgnoreCase));
        problem = value is null ? $"is unknown; use {Range}" : "";
        return value;
    }

    private static string Word(object value) => value.ToString()!.ToLowerInvariant();
}
