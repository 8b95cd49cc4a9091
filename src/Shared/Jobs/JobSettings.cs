using Google.Protobuf.Reflection;
using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>
/// All settings of a job, read once from the descriptor of spec.proto when somebody first asks: commands that need none of it do
/// not pay for it.
/// </summary>
public static class JobSettings
{
    /// <summary>In the order of the proto.</summary>
    public static IReadOnlyList<JobSetting> All { get; } = [.. Walk(JobSpec.Descriptor, [])];

    // Below All, of which it is made.
    private static readonly Dictionary<string, JobSetting> s_byPath = All.ToDictionary(setting => setting.Path, StringComparer.Ordinal);

    /// <summary>The setting that stands at <paramref name="path"/> in a job file.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static JobSetting At(string path) =>
        s_byPath.TryGetValue(path, out var setting) ? setting : throw new ArgumentException($"A job has no setting {path}.", nameof(path));

    /// <summary>The rules of a field; empty ones where the proto says none.</summary>
    internal static FieldRules RulesOf(FieldDescriptor field) =>
        field.GetOptions()?.GetExtension(RulesExtensions.Rules) ?? new FieldRules();

    private static IEnumerable<JobSetting> Walk(MessageDescriptor message, FieldDescriptor[] groups) =>
        message
            .Fields.InDeclarationOrder()
            .SelectMany(field =>
                field.FieldType == FieldType.Message ? Walk(field.MessageType, [.. groups, field]) : [new JobSetting(groups, field)]
            );
}
