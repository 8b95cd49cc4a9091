namespace TrainingCluster.Errors;

/// <summary>Paths of fields as the protos write them.</summary>
public static class FieldPaths
{
    private const string Specification = "spec";

    /// <summary>A setting of a job file: <c>training.learningRate</c> is <c>spec.training.learning_rate</c>.</summary>
    /// <param name="setting">In camelCase; empty: the whole specification.</param>
    public static string OfSetting(string setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return setting.Length == 0
            ? Specification
            : $"{Specification}.{string.Concat(setting.Select(c => char.IsUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{c}"))}";
    }
}
