using System.Text.RegularExpressions;
using TrainingCluster.Errors;

namespace TrainingCluster.Jobs;

/// <summary>What the labels of a job may be: the form that Kubernetes has.</summary>
public static partial class JobLabels
{
    /// <summary>A job has no more.</summary>
    public const int Most = 64;

    private const int LongestName = 63;
    private const int LongestPrefix = 253;

    private static readonly string s_form =
        $"use 1 to {LongestName} characters of a-z, A-Z, 0-9, '-', '_' and '.', a letter or digit first and last";

    /// <summary>Everything that is wrong with some labels, each with its field path.</summary>
    /// <param name="labels">Values by key.</param>
    /// <param name="field">The path of the map.</param>
    public static IEnumerable<(string Field, string Problem)> Problems(
        IReadOnlyCollection<KeyValuePair<string, string>> labels,
        string field
    )
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count > Most)
        {
            yield return (field, $"there are {labels.Count} labels; give {Most} at most");
        }
        foreach (var (key, value) in labels.OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            if (KeyProblem(key) is { } problem)
            {
                yield return ($"{field}[{Echo.Of(key)}]", $"the key is none: {problem}");
            }
            else if (value.Length > 0 && (value.Length > LongestName || !Name().IsMatch(value)))
            {
                yield return ($"{field}[{Echo.Of(key)}]", $"'{Echo.Of(value)}' is no value of a label: {s_form}, or leave it empty");
            }
        }
    }

    /// <summary>Why a text cannot be the key of a label; null: it can.</summary>
    public static string? KeyProblem(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && (slash > LongestPrefix || !Domain().IsMatch(key[..slash])))
        {
            return $"before '/' stands a domain name in lower case, at most {LongestPrefix} characters";
        }
        var name = key[(slash + 1)..];
        return name.Length <= LongestName && Name().IsMatch(name) ? null : s_form;
    }

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\z")]
    private static partial Regex Domain();
}
