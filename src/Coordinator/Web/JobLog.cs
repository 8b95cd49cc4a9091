using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>A line of a job's log: what its workers and the coordinator wrote, and faults.</summary>
/// <param name="Time">When.</param>
/// <param name="Severity">How grave it is.</param>
/// <param name="Source">Who says it.</param>
/// <param name="Text">What.</param>
public sealed record JobLogLine(DateTimeOffset? Time, LogSeverity Severity, string Source, string Text)
{
    /// <summary>The line of an event; null: it is neither a line of a log nor a fault.</summary>
    public static JobLogLine? Of(JobEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        var time = e.EventTime?.ToDateTimeOffset();
        return e switch
        {
            { Log: { } log } => new(time, log.Severity == LogSeverity.Unspecified ? LogSeverity.Info : log.Severity, log.Source, log.Text),
            { Fault: { } fault } => new(
                time,
                fault.Kind == FaultKind.JobFailed ? LogSeverity.Error : LogSeverity.Warning,
                "coordinator",
                fault.Line()
            ),
            _ => null,
        };
    }
}

/// <summary>A job's log as its page shows it.</summary>
/// <param name="Least">Only lines as grave as this, or graver.</param>
/// <param name="Lines">Newest first.</param>
public sealed record JobLog(LogSeverity Least, IReadOnlyList<JobLogLine> Lines)
{
    /// <summary>Lines that a page shows at most.</summary>
    public const int MostLines = 300;

    /// <summary>What a reader can choose, with its word in an address.</summary>
    public static IReadOnlyList<(string Word, LogSeverity Severity, string Label)> Choices { get; } =
    [
        ("info", LogSeverity.Info, "everything"),
        ("warning", LogSeverity.Warning, "warnings and errors"),
        ("error", LogSeverity.Error, "errors"),
    ];

    /// <summary>The log of a job's events.</summary>
    /// <param name="events">Newest first.</param>
    /// <param name="least">Only lines as grave as this, or graver.</param>
    public static JobLog Of(IEnumerable<JobEvent> events, LogSeverity least) =>
        new(least, [.. events.Select(JobLogLine.Of).OfType<JobLogLine>().Where(line => line.Severity >= least).Take(MostLines)]);

    /// <summary>The choice of an address; what is none means everything.</summary>
    public static LogSeverity Choice(string? word) =>
        Choices.FirstOrDefault(choice => choice.Word == word) is { Word: not null } chosen ? chosen.Severity : LogSeverity.Info;
}
