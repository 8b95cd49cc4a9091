using Google.Protobuf;

namespace TrainingCluster.Cli.Display;

/// <summary>Protobuf messages as JSON on one line: names in camelCase, zero values written too.</summary>
public static class MessageJson
{
    private static readonly JsonFormatter s_formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    /// <summary>The message as one line.</summary>
    public static string Of(IMessage message) => s_formatter.Format(message);
}
