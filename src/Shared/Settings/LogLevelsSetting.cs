using System.Reflection;
using TrainingCluster.Logging;

namespace TrainingCluster.Settings;

/// <summary>Least levels of log categories that people can set.</summary>
/// <param name="property">Where they are kept.</param>
public sealed class LogLevelsSetting(PropertyInfo property) : ProgramSetting(property)
{
    /// <inheritdoc/>
    public override string DefaultText => "none";

    /// <inheritdoc/>
    public override string Range => $"[CATEGORY=]LEVEL,…; levels: {LogLevels.Words}";

    /// <inheritdoc/>
    public override object? Read(string? text, out string problem) => LogLevels.Read(text, out problem);
}
