using System.Globalization;
using TrainingCluster.Errors;

namespace TrainingCluster.Jobs;

/// <summary>One thing that is wrong with a job specification.</summary>
/// <param name="Field">Path of the setting in camelCase, as written in job.yaml: <c>training.batchTokens</c>.</param>
/// <param name="Value">The offending value as text; empty when the setting is absent.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Fix">What to write instead.</param>
/// <param name="Line">Line in the job file, from 1; null when the specification did not come from a file.</param>
public sealed record SpecViolation(string Field, string Value, string Problem, string Fix, int? Line = null)
{
    /// <summary>The violation as one line of text for people.</summary>
    public override string ToString()
    {
        var where = Line is { } line ? string.Create(CultureInfo.InvariantCulture, $"line {line}: ") : "";
        var field = Field.Length == 0 ? "" : $"{Field}: ";
        return $"{where}{field}{Description}";
    }

    /// <summary>Value, problem and fix, without the field and the line.</summary>
    public string Description => Value.Length == 0 ? $"{Problem}; {Fix}" : $"'{Echo.Of(Value)}' {Problem}; {Fix}";
}
