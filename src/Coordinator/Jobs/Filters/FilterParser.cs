using System.Collections.Immutable;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Filters;

/// <summary>
/// Reads a filter by descent: <c>expression = factor {AND factor}; factor = term {OR term}; term = [NOT] (restriction | "(" expression
/// ")")</c>. As AIP-160 has it, OR binds tighter than AND.
/// </summary>
internal sealed class FilterParser
{
    private const int LongestText = 2000;
    private const int Deepest = 50;

    private static readonly ImmutableHashSet<JobState> s_states =
    [
        .. Enum.GetValues<JobState>().Where(state => state != JobState.Unspecified),
    ];

    private readonly List<FilterToken> _tokens;
    private readonly FilterFields _fields = new();
    private int _next;
    private int _depth;

    public FilterParser(string text)
    {
        if (text.Length > LongestText)
        {
            throw new FilterException(LongestText + 1, $"the filter is longer than {LongestText} characters");
        }
        _tokens = FilterToken.All(text);
    }

    private FilterToken Current => _tokens[_next];

    /// <summary>The whole filter.</summary>
    public JobFilter Read()
    {
        var condition = Expression();
        if (!Current.IsEnd)
        {
            throw Unexpected("AND, OR or the end");
        }
        return new(condition.States.Count == s_states.Count ? null : condition.States, condition.Sql, _fields.Parameters);
    }

    private Condition Expression()
    {
        if (++_depth > Deepest)
        {
            throw new FilterException(Current.Position, $"parentheses are nested deeper than {Deepest}");
        }
        var left = Factor();
        while (Take("AND"))
        {
            var right = Factor();
            left = new($"({left.Sql} AND {right.Sql})", left.States.Intersect(right.States));
        }
        _depth--;
        return left;
    }

    private Condition Factor()
    {
        var left = Term();
        while (Take("OR"))
        {
            var right = Term();
            left = new($"({left.Sql} OR {right.Sql})", left.States.Union(right.States));
        }
        return left;
    }

    private Condition Term()
    {
        var negated = false;
        while (Take("NOT"))
        {
            negated = !negated;
        }
        Condition condition;
        if (Take("("))
        {
            condition = Expression();
            if (!Take(")"))
            {
                throw Unexpected("AND, OR or ')'");
            }
        }
        else
        {
            condition = Restriction();
        }
        // What is not in these states need not be in others: a job may fail the other half of the condition.
        return negated ? new($"NOT {condition.Sql}", s_states) : condition;
    }

    private Condition Restriction()
    {
        var field = Current;
        if (!field.IsWord || field.Is("AND") || field.Is("OR"))
        {
            throw Unexpected("a field");
        }
        _next++;
        var comparison = Current;
        if (comparison.Quoted || comparison.Text is not ("=" or "!=" or "<" or "<=" or ">" or ">=" or ":"))
        {
            throw Unexpected("one of = != < <= > >= :");
        }
        _next++;
        var value = Current;
        if (!value.IsWord)
        {
            throw Unexpected("a value");
        }
        _next++;
        var (sql, state) = _fields.Compare(field, comparison, value);
        return new(sql, state is { } only ? [only] : s_states);
    }

    private bool Take(string text)
    {
        var taken = Current.Is(text);
        _next += taken ? 1 : 0;
        return taken;
    }

    private FilterException Unexpected(string wanted) =>
        new(Current.Position, $"{(Current.IsEnd ? "the filter ends" : $"'{Echo.Of(Current.Text)}' stands")} where {wanted} should be");

    /// <summary>A part of the filter.</summary>
    /// <param name="Sql">As the store asks; true or false, never NULL.</param>
    /// <param name="States">No job in another state matches.</param>
    private sealed record Condition(string Sql, ImmutableHashSet<JobState> States);
}
