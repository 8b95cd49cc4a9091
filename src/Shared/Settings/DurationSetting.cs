using System.Reflection;

namespace TrainingCluster.Settings;

/// <summary>A time of a program that people can set.</summary>
public sealed class DurationSetting
{
    private DurationSetting(PropertyInfo property, DurationRangeAttribute range, TimeSpan standard)
    {
        Property = property;
        (Least, Greatest, Default) = (Duration.Parse(range.Least), Duration.Parse(range.Greatest), standard);
    }

    /// <summary>Its name in its section.</summary>
    public string Name => Property.Name;

    /// <summary>Where it is kept.</summary>
    public PropertyInfo Property { get; }

    /// <summary>Where nothing is set.</summary>
    public TimeSpan Default { get; }

    /// <summary>The shortest time that is allowed.</summary>
    public TimeSpan Least { get; }

    /// <summary>The longest time that is allowed.</summary>
    public TimeSpan Greatest { get; }

    /// <summary>"100 ms to 10 min".</summary>
    public string Range => $"{Duration.Format(Least)} to {Duration.Format(Greatest)}";

    /// <summary>All of an options class, in the order of its properties.</summary>
    public static IReadOnlyList<DurationSetting> Of(Type options)
    {
        ArgumentNullException.ThrowIfNull(options);
        // As the options themselves are made: what an options class requires beside its times is filled in by the program.
        var standard = Activator.CreateInstance(options)!;
        return
        [
            .. options
                .GetProperties()
                .Select(property => (Property: property, Range: property.GetCustomAttribute<DurationRangeAttribute>()))
                .Where(setting => setting.Range is not null)
                .Select(setting => new DurationSetting(setting.Property, setting.Range!, (TimeSpan)setting.Property.GetValue(standard)!)),
        ];
    }
}
