using Microsoft.Extensions.Logging;

namespace TrainingCluster.Logging;

/// <summary>The values of a line and of its scopes, by name.</summary>
internal static class LogFields
{
    // The message as it was before its values were put in.
    private const string Template = "{OriginalFormat}";

    /// <summary>The line's own values, then those of its scopes, the innermost first. A name comes once.</summary>
    public static IReadOnlyDictionary<string, object?> Of<TState>(TState state, IExternalScopeProvider? scopes)
    {
        var fields = new OrderedFields();
        fields.Add(state);
        var enclosing = new List<object?>();
        scopes?.ForEachScope(static (scope, list) => list.Add(scope), enclosing);
        for (var i = enclosing.Count - 1; i >= 0; i--)
        {
            fields.Add(enclosing[i]);
        }
        return fields.Values;
    }

    /// <summary>The value of a name; empty: there is none.</summary>
    public static string Text(this IReadOnlyDictionary<string, object?> fields, string name) =>
        fields.TryGetValue(name, out var value) ? value?.ToString() ?? "" : "";

    private sealed class OrderedFields
    {
        public OrderedDictionary<string, object?> Values { get; } = new(StringComparer.OrdinalIgnoreCase);

        public void Add(object? state)
        {
            if (state is not IEnumerable<KeyValuePair<string, object?>> values)
            {
                return;
            }
            foreach (var (name, value) in values)
            {
                if (name != Template)
                {
                    Values.TryAdd(name, value);
                }
            }
        }
    }
}
