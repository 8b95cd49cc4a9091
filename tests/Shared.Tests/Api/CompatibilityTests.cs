using Google.Protobuf.Reflection;
using TrainingCluster.TestSupport;
using TrainingCluster.TestSupport.Api;

namespace TrainingCluster.Tests.Api;

/// <summary>
/// Version 1 of the API is stable: what clients were built upon stays. docs/api-v1.txt lists it, a line for each call, field and value.
/// </summary>
public class CompatibilityTests
{
    private static readonly string[] s_path = ["docs", "api-v1.txt"];

    [Fact]
    public void Api_AgainstItsBaseline_HasLostNothing()
    {
        var lines = Lines(PublicApi.Files);
        var file = Repository.At(s_path);
        if (File.Exists(file))
        {
            var lost = Lost(File.ReadAllLines(file), lines);
            Assert.True(
                lost.Count == 0,
                "These were removed, renumbered or made another type, which breaks clients of version 1. Bring them back; what is of no "
                    + $"use any more is marked deprecated instead:\n{string.Join('\n', lost)}"
            );
        }
        // What was added is written with CLUSTER_WRITE_DOCS=1.
        GeneratedDocument.Verify(string.Concat(lines.Select(line => line + "\n")), s_path);
    }

    [Fact]
    public void Lost_ChangesThatBreakClients_AreNamed()
    {
        string[] baseline = ["field cluster.v1.M.a = 1 string", "field cluster.v1.M.b = 2 int32 optional", "value cluster.v1.E.E_X = 1"];
        Assert.Empty(Lost(baseline, [.. baseline, "field cluster.v1.M.c = 3 string"]));
        Assert.Equal(baseline[..1], Lost(baseline, ["field cluster.v1.M.a = 4 string", .. baseline[1..]]));
        Assert.Equal(baseline[1..2], Lost(baseline, [baseline[0], "field cluster.v1.M.b = 2 int64 optional", baseline[2]]));
        Assert.Equal(baseline[2..], Lost(baseline, baseline[..2]));
    }

    private static IReadOnlyList<string> Lost(IEnumerable<string> baseline, IEnumerable<string> now) => [.. baseline.Except(now)];

    private static List<string> Lines(IEnumerable<FileDescriptor> files) =>
        [
            .. files
                .SelectMany(file =>
                    file.Services.SelectMany(service => service.Methods.Select(Line))
                        .Concat(file.MessageTypes.SelectMany(Messages).SelectMany(m => m.Fields.InDeclarationOrder().Select(Line)))
                        .Concat(file.EnumTypes.SelectMany(type => type.Values.Select(Line)))
                )
                .Order(StringComparer.Ordinal),
        ];

    private static IEnumerable<MessageDescriptor> Messages(MessageDescriptor message) =>
        message.NestedTypes.SelectMany(Messages).Prepend(message);

    private static string Line(MethodDescriptor method) =>
        $"rpc {method.FullName} ({Stream(method.IsClientStreaming)}{method.InputType.FullName}) returns "
        + $"({Stream(method.IsServerStreaming)}{method.OutputType.FullName})";

    private static string Line(EnumValueDescriptor value) => $"value {value.EnumDescriptor.FullName}.{value.Name} = {value.Number}";

    private static string Line(FieldDescriptor field)
    {
        var type = field.FieldType switch
        {
            FieldType.Message => field.MessageType.FullName,
            FieldType.Enum => field.EnumType.FullName,
            var scalar => scalar.ToString().ToLowerInvariant(),
        };
        var label =
            field.IsRepeated ? " repeated"
            : field.ContainingOneof is { } oneof
                ? oneof.IsSynthetic ? " optional"
                    : $" oneof {oneof.Name}"
            : "";
        return $"field {field.FullName} = {field.FieldNumber} {type}{label}";
    }

    private static string Stream(bool streams) => streams ? "stream " : "";
}
