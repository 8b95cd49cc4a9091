using System.CommandLine;

namespace TrainingCluster.Logging;

/// <summary>How a program logs, on its command line. The same as settings: <c>Logging:Format</c>, <c>Logging:Levels</c>.</summary>
public sealed class LoggingCommandOptions
{
    /// <summary>The section of the settings.</summary>
    public const string Section = "Logging";

    /// <summary>Makes the options.</summary>
    public LoggingCommandOptions()
    {
        Format.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !Enum.GetNames<LogFormat>().Any(name => Is(name, token.Value))))
            {
                result.AddError($"--log-format '{token.Value}' is unknown; use text or json.");
            }
        });
        Levels.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (LogLevels.Read(token.Value, out var problem) is null)
                {
                    result.AddError($"--log-level '{token.Value}' {problem}.");
                }
            }
        });
    }

    /// <summary>Text or JSON.</summary>
    public Option<string?> Format { get; } =
        new("--log-format")
        {
            Description = "How a line of the log is written: text, or json for an object a line. Default: text.",
            HelpName = "text|json",
        };

    /// <summary>Least levels.</summary>
    public Option<string[]> Levels { get; } =
        new("--log-level")
        {
            Description =
                $"Least level that is logged, of all categories or of one ({LogLevels.Words}); may be given several times. "
                + "Default: information, and warning for Microsoft, Grpc and Akka.",
            HelpName = "[CATEGORY=]LEVEL",
            DefaultValueFactory = _ => [],
        };

    /// <summary>As settings, SECTION:NAME=VALUE.</summary>
    public IEnumerable<string> Settings(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        if (parsed.GetValue(Format) is { } format)
        {
            yield return $"{Section}:{nameof(LoggingOptions.Format)}={format}";
        }
        if (parsed.GetValue(Levels) is { Length: > 0 } levels)
        {
            yield return $"{Section}:{nameof(LoggingOptions.Levels)}={string.Join(',', levels)}";
        }
    }

    /// <summary>As arguments for another program.</summary>
    public IReadOnlyList<string> Arguments(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        string[] format = parsed.GetValue(Format) is { } word ? [Format.Name, word] : [];
        return [.. format, .. (parsed.GetValue(Levels) ?? []).SelectMany(level => new[] { Levels.Name, level })];
    }

    private static bool Is(string name, string word) => name.Equals(word, StringComparison.OrdinalIgnoreCase);
}
