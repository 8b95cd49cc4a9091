using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TrainingCluster.Cli;

/// <summary>How a failure is told: to people as lines, to machines as one JSON object.</summary>
internal static class FailureReport
{
    private const string JsonOption = "--json";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Whether the command line asks for JSON, also one that cannot be used.</summary>
    public static bool WantsJson(ParseResult parsed)
    {
        if (parsed.CommandResult.Command is RootCommand)
        {
            return parsed.UnmatchedTokens.Contains(JsonOption);
        }
        return parsed.CommandResult.Command.Options.FirstOrDefault(option => option.Name == JsonOption) is { } json
            && parsed.GetResult(json) is { Implicit: false } given
            && !(given.Tokens is [var token] && token.Value.Equals("false", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Writes the failure to the error output: as a line, or as one JSON object on one.</summary>
    public static void Write(Terminal terminal, CliException failure) =>
        terminal.Failures.WriteLine(terminal.Json ? Json(failure) : $"cluster: {failure.Message}");

    private static string Json(CliException failure) =>
        JsonSerializer.Serialize(
            new
            {
                code = failure.Code ?? CodeOf(failure.ExitCode),
                failure.ExitCode,
                failure.Message,
                help = failure.Help ?? HelpIn(failure.Message),
                failure.Violations,
            },
            s_json
        );

    /// <summary>The names that gRPC gives to such failures.</summary>
    private static string CodeOf(int exitCode) =>
        exitCode switch
        {
            ExitCodes.BadUsage => "INVALID_ARGUMENT",
            ExitCodes.Cancelled => "CANCELLED",
            ExitCodes.Unavailable => "UNAVAILABLE",
            ExitCodes.TimedOut => "DEADLINE_EXCEEDED",
            _ => "FAILED",
        };

    /// <summary>Messages say what is wrong, a semicolon, and what helps.</summary>
    private static string? HelpIn(string message) =>
        message.IndexOf("; ", StringComparison.Ordinal) is var at and >= 0 && !message.Contains('\n', StringComparison.Ordinal)
            ? message[(at + 2)..]
            : null;
}
