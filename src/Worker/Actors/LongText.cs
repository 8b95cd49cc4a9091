using Google.Protobuf.Reflection;
using TrainingCluster.Hosting;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Actors;

/// <summary>
/// Keeps a report within the frames that actors exchange. One that is too large would be dropped at the sender each time that it is
/// sent, and all later ones would wait for it.
/// </summary>
internal static class LongText
{
    /// <summary>
    /// Longest text in a report, in characters. Sixteen of them are far below
    /// <see cref="ActorConfiguration.MaxFrameBytes"/>.
    /// </summary>
    public const int Limit = 16 * 1024;

    /// <summary>Cuts texts that are longer than <see cref="Limit"/>, and says how much is missing.</summary>
    public static void Cut(WorkerReport report)
    {
        if (report.Content() is not { } content)
        {
            return;
        }
        foreach (
            var field in content.Descriptor.Fields.InDeclarationOrder().Where(f => f is { FieldType: FieldType.String, IsRepeated: false })
        )
        {
            if (field.Accessor.GetValue(content) is string { Length: > Limit } text)
            {
                field.Accessor.SetValue(content, $"{text[..Limit]}… ({text.Length - Limit} more characters)");
            }
        }
    }
}
