using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cel;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>Rules in the Common Expression Language, by an implementation that is not ours.</summary>
internal static class CelRule
{
    private static readonly ConcurrentDictionary<string, CelProgramDelegate> s_programs = new(StringComparer.Ordinal);

    /// <summary>Whether a rule holds of a value.</summary>
    public static bool Holds(string rule, JsonNode self, JsonNode? oldSelf)
    {
        var program = s_programs.GetOrAdd(rule, text => new CelEnvironment([], "").Compile(text));
        return (bool)program.Invoke(new Dictionary<string, object?> { ["self"] = Value(self), ["oldSelf"] = Value(oldSelf) })!;
    }

    private static object? Value(JsonNode? node) =>
        node switch
        {
            null => null,
            JsonObject map => map.ToDictionary(property => property.Key, property => Value(property.Value)),
            JsonArray list => list.Select(Value).ToArray(),
            _ => node.GetValueKind() switch
            {
                JsonValueKind.String => node.GetValue<string>(),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ => long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
                    ? (object)whole
                    : double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture),
            },
        };
}
