using Google.Protobuf.Reflection;
using TrainingCluster.V1;

namespace TrainingCluster.TestSupport.Api;

/// <summary>The protos that clients build upon.</summary>
internal static class PublicApi
{
    /// <summary>How our programs talk among themselves, and what the rules of settings are written in.</summary>
    public static IReadOnlyList<FileDescriptor> Internal { get; } =
    [CollectiveReflection.Descriptor, V1.ControlReflection.Descriptor, RulesReflection.Descriptor];

    /// <summary>The descriptors of all others.</summary>
    public static IReadOnlyList<FileDescriptor> Files { get; } =
    [
        .. typeof(JobsReflection)
            .Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(JobsReflection).Namespace && type.Name.EndsWith("Reflection", StringComparison.Ordinal))
            .Select(type => (FileDescriptor)type.GetProperty("Descriptor")!.GetValue(null)!)
            .Except(Internal)
            .OrderBy(file => file.Name, StringComparer.Ordinal),
    ];

    private static readonly Lazy<Dictionary<string, string>> s_comments = new(() =>
        Files.SelectMany(file => ProtoComments.Of(Repository.At("protos", file.Name))).ToDictionary(StringComparer.Ordinal)
    );

    /// <summary>What the protos say of a thing; empty: nothing. A setting of a job says what it is in its rules.</summary>
    public static string DocumentationOf(IDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        var name = descriptor is EnumValueDescriptor value ? $"{value.EnumDescriptor.FullName}.{value.Name}" : descriptor.FullName;
        var comment = s_comments.Value.GetValueOrDefault(name, "");
        return comment.Length == 0 && descriptor is FieldDescriptor field && RulesOf(field) is { } rules ? rules.Help : comment;
    }

    /// <summary>The rules of a setting of a job; null: it is none.</summary>
    public static FieldRules? RulesOf(FieldDescriptor field)
    {
        ArgumentNullException.ThrowIfNull(field);
        return field.GetOptions()?.GetExtension(RulesExtensions.Rules);
    }

    /// <summary>Every service, call, message, field, enumeration and value.</summary>
    public static IEnumerable<IDescriptor> Everything() =>
        Files.SelectMany(file =>
            file.Services.SelectMany(service => service.Methods.Cast<IDescriptor>().Prepend(service))
                .Concat(file.MessageTypes.SelectMany(message => message.Fields.InDeclarationOrder().Cast<IDescriptor>().Prepend(message)))
                .Concat(file.EnumTypes.SelectMany(type => type.Values.Cast<IDescriptor>().Prepend(type)))
        );
}
