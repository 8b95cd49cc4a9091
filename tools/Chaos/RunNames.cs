using System.Globalization;
using System.Text.RegularExpressions;

namespace TrainingCluster.Chaos;

/// <summary>
/// Names of what a run makes on the machine. Each begins with the run's process id: what a run that was killed left behind can be
/// told from what a living one needs. Names of devices must not be longer than 15 characters, and a process id may have 7.
/// </summary>
/// <param name="Owner">The run's process id.</param>
public sealed partial record RunNames(int Owner)
{
    /// <summary>This process' own.</summary>
    public static RunNames Ours { get; } = new(Environment.ProcessId);

    /// <summary>The bridge, the disk, and the folder of ready files.</summary>
    public string Run => $"chaos-{Owner}";

    /// <summary>The bridge and the two TAP devices of a link that was taken apart; there is one such link at most.</summary>
    public (string Bridge, string Near, string Far) Apart => ($"{Run}xb", $"{Run}xn", $"{Run}xf");

    /// <summary>The network namespace of a place.</summary>
    public string Namespace(int place) => $"{Run}-{place}";

    /// <summary>The bridge's end of a place's link; 16 places at most.</summary>
    public string Port(int place) => $"{Run}p{place:x}";

    /// <summary>The process id of the run that made what has this name. Null: no run did.</summary>
    public static int? OwnerOf(string name) =>
        Pattern().Match(name) is { Success: true } match
        && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var owner)
            ? owner
            : null;

    [GeneratedRegex(@"^chaos-([0-9]+)(-[0-9]+|p[0-9a-f]|x[bnf])?$")]
    private static partial Regex Pattern();
}
