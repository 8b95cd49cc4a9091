using System.Reflection;

namespace TrainingCluster.Settings;

/// <summary>A time of a program that people can set.</summary>
public sealed class DurationSetting : ProgramSetting
{
    internal DurationSetting(PropertyInfo property, DurationRangeAttribute range, TimeSpan standard)
        : base(property) => (Least, Greatest, Default) = (Duration.Parse(range.Least), Duration.Parse(range.Greatest), standard);

    /// <summary>Where nothing is set.</summary>
    public TimeSpan Default { get; }

    /// <summary>The shortest time that is allowed.</summary>
    public TimeSpan Least { get; }

    /// <summary>The longest time that is allowed.</summary>
    public TimeSpan Greatest { get; }

    /// <inheritdoc/>
    public override string DefaultText => Duration.Format(Default);

    /// <inheritdoc/>
    public override string Range => $"{Duration.Format(Least)} to {Duration.Format(Greatest)}";

    /// <inheritdoc/>
    public override object? Read(string? text, out string problem)
    {
        var isTime = Duration.TryParse(text, out var value);
        problem =
            !isTime ? $"is no time; write a number and a unit (ms, s, min, h), {Range}"
            : value < Least || value > Greatest ? $"is out of range; use {Range}"
            : "";
        return problem.Length == 0 ? value : null;
    }
}
