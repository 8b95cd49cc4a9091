using System.Globalization;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Filters;

/// <summary>What a filter may ask of jobs, and how the store finds it. Values go as parameters.</summary>
internal sealed class FilterFields
{
    private const string Labels = "labels.";

    private const string Names = "state, id, name, namespace, owner, priority, create_time, start_time, end_time, or labels.KEY";

    // The store keeps the specification's name as the head of the id: "-" and 8 digits come behind it.
    private static readonly Dictionary<string, string> s_texts = new(StringComparer.Ordinal)
    {
        ["id"] = "id",
        ["name"] = "substr(id, 1, length(id) - 9)",
        ["namespace"] = "namespace",
        ["owner"] = "owner",
    };

    private static readonly Dictionary<string, string> s_times = new(StringComparer.Ordinal)
    {
        ["create_time"] = "created",
        ["start_time"] = "started",
        ["end_time"] = "ended",
    };

    /// <summary>The values so far.</summary>
    public List<(string Name, object Value)> Parameters { get; } = [];

    /// <summary>One comparison: its SQL, and the only state that it holds for.</summary>
    public (string Sql, JobState? State) Compare(FilterToken field, FilterToken comparison, FilterToken value)
    {
        if (field.Text.StartsWith(Labels, StringComparison.Ordinal))
        {
            return (Label(field, comparison, value), null);
        }
        if (field.Text == "state")
        {
            RequireEquality(field, comparison);
            var state = StateOf(value);
            var sql = $"(state = {(int)state})";
            return comparison.Is("=") ? (sql, state) : ($"NOT {sql}", null);
        }
        if (comparison.Is(":"))
        {
            throw new FilterException(
                comparison.Position,
                $"':' asks whether a label is there, as in labels.team:*; use = for {field.Text}"
            );
        }
        if (s_texts.TryGetValue(field.Text, out var text))
        {
            RequireEquality(field, comparison);
            return (Holds(text, comparison, Parameter(Plain(value))), null);
        }
        if (s_times.TryGetValue(field.Text, out var time))
        {
            return (Holds(time, comparison, Parameter(TimeOf(value).ToUnixTimeMilliseconds())), null);
        }
        if (field.Text == "priority")
        {
            return int.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? (Holds("priority", comparison, Parameter(number)), null)
                : throw new FilterException(value.Position, $"'{Echo.Of(value.Text)}' is no whole number; priority is -1000 to 1000");
        }
        throw new FilterException(field.Position, $"there is no field '{Echo.Of(field.Text)}'; use {Names}");
    }

    private string Label(FilterToken field, FilterToken comparison, FilterToken value)
    {
        var key = field.Text[Labels.Length..];
        if (JobLabels.KeyProblem(key) is { } problem)
        {
            throw new FilterException(field.Position + Labels.Length, $"'{Echo.Of(key)}' is no key of a label: {problem}");
        }
        var path = Parameter($"$.\"{key}\"");
        if (comparison.Is(":"))
        {
            return value is { Text: "*", Quoted: false }
                ? $"(json_type(labels, {path}) IS NOT NULL)"
                : throw new FilterException(value.Position, "':' asks whether a label is there: put * behind it");
        }
        RequireEquality(field, comparison);
        return Holds($"json_extract(labels, {path})", comparison, Parameter(Plain(value)));
    }

    /// <summary>A field that is absent differs from every value, and is neither greater nor smaller.</summary>
    private static string Holds(string left, FilterToken comparison, string right) =>
        comparison.Is("!=") ? $"NOT COALESCE({left} = {right}, 0)" : $"COALESCE({left} {comparison.Text} {right}, 0)";

    private string Parameter(object value)
    {
        var name = $"$filter{Parameters.Count}";
        Parameters.Add((name, value));
        return name;
    }

    private static string Plain(FilterToken value) =>
        !value.Quoted && value.Text.Contains('*', StringComparison.Ordinal)
            ? throw new FilterException(value.Position, "* stands for the presence of a label alone, as in labels.team:*")
            : value.Text;

    private static JobState StateOf(FilterToken value)
    {
        const string Prefix = "JOB_STATE_";
        var word = value.Text.StartsWith(Prefix, StringComparison.Ordinal) ? value.Text[Prefix.Length..] : value.Text;
        var states = Enum.GetValues<JobState>().Where(s => s != JobState.Unspecified).ToArray();
        var found = states.FirstOrDefault(s => string.Equals(s.Word(), word, StringComparison.OrdinalIgnoreCase));
        return found != JobState.Unspecified
            ? found
            : throw new FilterException(
                value.Position,
                $"'{Echo.Of(value.Text)}' is no state; use {string.Join(", ", states.Select(s => s.ToString().ToUpperInvariant()))}"
            );
    }

    private static DateTimeOffset TimeOf(FilterToken value) =>
        DateTimeOffset.TryParse(
            value.Text,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time
        )
            ? time
            : throw new FilterException(value.Position, $"'{Echo.Of(value.Text)}' is no time; write 2026-01-31T12:00:00Z");

    private static void RequireEquality(FilterToken field, FilterToken comparison)
    {
        if (!comparison.Is("=") && !comparison.Is("!="))
        {
            throw new FilterException(comparison.Position, $"{field.Text} has no order; use = or !=");
        }
    }
}
