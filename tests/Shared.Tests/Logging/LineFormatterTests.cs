using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Time.Testing;
using TrainingCluster.Logging;

namespace TrainingCluster.Tests.Logging;

public class LineFormatterTests
{
    private static readonly FakeTimeProvider s_time = new(new DateTimeOffset(2026, 11, 27, 3, 4, 5, 678, TimeSpan.Zero));

    [Fact]
    public void Json_LineWithValuesAndScope_IsOneObjectWithAField()
    {
        var line = Write(
            new JsonLineFormatter(s_time),
            logger =>
                ScopedLogger
                    .OfJob(logger, "tiny-1", "4bf92f3577b34da6a3ce929d0e0e4736")
                    .Log(LogLevel.Warning, new EventId(7, "Lost"), "{Worker} at {Step} of {Share}\n", "w-1", 12L, 0.5)
        );
        using var json = JsonDocument.Parse(line);
        Assert.Equal(1, line.Count(c => c == '\n'));
        Assert.Equal(
            """
            {"timestamp":"2026-11-27T03:04:05.6780000Z","level":"warning","category":"Tests","event_id":7,"event":"Lost",
            "message":"w-1 at 12 of 0.5\n","worker":"w-1","step":12,"share":0.5,
            "job":"tiny-1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}
            """.Replace("\n", "", StringComparison.Ordinal),
            line.TrimEnd()
        );
    }

    [Fact]
    public void Json_Exception_HasTypeMessageAndStack()
    {
        var line = Write(new JsonLineFormatter(s_time), logger => logger.LogError(Thrown(), "failed"));
        using var json = JsonDocument.Parse(line);
        var exception = json.RootElement.GetProperty("exception");
        Assert.Equal("System.InvalidOperationException", exception.GetProperty("type").GetString());
        Assert.Equal("no\nway", exception.GetProperty("message").GetString());
        Assert.Contains(nameof(Thrown), exception.GetProperty("stack").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("JobId", "job_id")]
    [InlineData("Generation", "generation")]
    [InlineData("Level", "value_level")]
    [InlineData("Message", "value_message")]
    public void FieldName_OfAValue_IsNoNameOfTheLineItself(string name, string expected) =>
        Assert.Equal(expected, JsonLineFormatter.FieldName(name));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Json_NumberThatIsNone_IsText(double number)
    {
        var line = Write(
            new JsonLineFormatter(s_time),
            logger =>
            {
                using var scope = logger.BeginScope(new LogScope(("Loss", number)));
                logger.LogInformation("diverged");
            }
        );
        using var json = JsonDocument.Parse(line);
        Assert.Equal(JsonValueKind.String, json.RootElement.GetProperty("loss").ValueKind);
    }

    [Fact]
    public void Text_LineOfAJob_EndsWithItsTrace() =>
        Assert.Equal(
            "2026-11-27T03:04:05.678Z warn: Tests[7] two lines (trace 4bf9)\n",
            Write(
                new TextLineFormatter(s_time),
                logger => ScopedLogger.OfJob(logger, "tiny-1", "4bf9").Log(LogLevel.Warning, new EventId(7), "two\n{What}", "lines")
            )
        );

    [Fact]
    public void Text_LineOfNoJob_HasNoTrace() =>
        Assert.Equal(
            "2026-11-27T03:04:05.678Z info: Tests[0] ready\n",
            Write(new TextLineFormatter(s_time), logger => logger.LogInformation("ready"))
        );

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("no\nway");
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }

    private static string Write(ConsoleFormatter formatter, Action<ILogger> log)
    {
        var logger = new FormattingLogger(formatter);
        log(logger);
        return logger.Text.ToString();
    }

    private sealed class FormattingLogger(ConsoleFormatter lines) : ILogger
    {
        private readonly LoggerExternalScopeProvider _scopes = new();

        public StringWriter Text { get; } = new() { NewLine = "\n" };

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => lines.Write(new LogEntry<TState>(logLevel, "Tests", eventId, state, exception, formatter), _scopes, Text);
    }
}
