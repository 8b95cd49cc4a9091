using System.Reflection;
using TrainingCluster.Logging;

namespace TrainingCluster.Settings;

/// <summary>One thing of a program that people can set.</summary>
/// <param name="property">Where it is kept, in an options class.</param>
public abstract class ProgramSetting(PropertyInfo property)
{
    /// <summary>Its name in its section.</summary>
    public string Name => Property.Name;

    /// <summary>Where it is kept.</summary>
    public PropertyInfo Property => property;

    /// <summary>What it is where nothing is set, for people.</summary>
    public abstract string DefaultText { get; }

    /// <summary>What it may be, for people: "100 ms to 10 min".</summary>
    public abstract string Range { get; }

    /// <summary>Reads what people wrote.</summary>
    /// <param name="text">What they wrote.</param>
    /// <param name="problem">What is wrong with it and what may be written, to stand after the setting and the text.</param>
    /// <returns>Null: it cannot be used.</returns>
    public abstract object? Read(string? text, out string problem);

    /// <summary>All of an options class, in the order of its properties.</summary>
    public static IReadOnlyList<ProgramSetting> Of(Type options)
    {
        ArgumentNullException.ThrowIfNull(options);
        // As the options themselves are made: what an options class requires beside its settings is filled in by the program.
        var standard = Activator.CreateInstance(options)!;
        return [.. options.GetProperties().Select(property => Of(property, standard)).OfType<ProgramSetting>()];
    }

    private static ProgramSetting? Of(PropertyInfo property, object standard) =>
        property.GetCustomAttribute<DurationRangeAttribute>() is { } duration
            ? new DurationSetting(property, duration, (TimeSpan)property.GetValue(standard)!)
        : property.GetCustomAttribute<NumberRangeAttribute>() is { } number
            ? new NumberSetting(property, number, (int)property.GetValue(standard)!)
        : property.GetCustomAttribute<NamespaceNumberRangeAttribute>() is { } numbers ? new NamespaceNumberSetting(property, numbers)
        : property.GetCustomAttribute<ChoiceAttribute>() is not null ? new ChoiceSetting(property, property.GetValue(standard)!)
        : property.PropertyType == typeof(LogLevels) ? new LogLevelsSetting(property)
        : null;
}
