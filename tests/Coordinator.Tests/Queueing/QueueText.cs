using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Settings;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Queueing;

/// <summary>A state of the queue as one line, so that many cases make a table.</summary>
/// <remarks>
/// Jobs in the order of submission: "big 3-4 p5 ns:x waited:700; small 1-1 runs trained preempted yields:b kind:y". Workers: "w1 w2@a
/// w3@a!b w4*@a w5:y w6~a": free, held by a, given back by a for b, drains, computes as y, holds the state of a.
/// </remarks>
internal static partial class QueueText
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.UnixEpoch.AddHours(1);

    public static QueueState State(string jobs, string workers, string quotas = "", string shares = "") =>
        new(
            s_now,
            [.. jobs.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Job)],
            [.. workers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Worker)],
            new() { WorkerQuotas = NamespaceNumbers.Read(quotas, out _)!, Shares = NamespaceNumbers.Read(shares, out _)! }
        );

    /// <summary>"a starts w1 w2; b givesback w3 w4!": with an exclamation mark those that are asked back.</summary>
    public static string Decided(QueueState state)
    {
        var decided = JobScheduler.Decide(state);
        return string.Join(
            "; ",
            state
                .Jobs.OrderBy(j => j.Number)
                .Select(j => (j.Id, Given: decided[j.Id]))
                .Select(d => string.Join(' ', [d.Id, Word(d.Given.Verdict), .. d.Given.Workers.Select(w => Shown(d.Given, w))]))
        );
    }

    public static Arithmetic Computes(string fingerprint) => new() { Fingerprint = fingerprint, Description = $"cpu of {fingerprint}" };

    private static string Word(QueueVerdict verdict) => verdict.ToString().ToLowerInvariant();

    private static string Shown(Assignment given, string worker) => given.AskedBack.ContainsKey(worker) ? $"{worker}!" : worker;

    private static JobDemand Job(string text, int index)
    {
        var words = text.Split(' ');
        var bounds = words[1].Split('-');
        string? Value(string name) => words.FirstOrDefault(w => w.StartsWith($"{name}:", StringComparison.Ordinal))?[(name.Length + 1)..];
        var priority = words.Skip(2).FirstOrDefault(w => Priority().IsMatch(w));
        return new()
        {
            Id = words[0],
            Number = index,
            Namespace = Value("ns") ?? "default",
            Priority = priority is null ? 0 : Number(priority[1..]),
            Min = Number(bounds[0]),
            Max = Number(bounds[1]),
            Waits = !words.Contains("runs"),
            Since = s_now.AddSeconds(-Number(Value("waited") ?? "0")),
            Started = words.Contains("trained"),
            Preempted = words.Contains("preempted"),
            YieldsTo = Value("yields") ?? "",
            Arithmetic = Value("kind") is { } kind ? Computes(kind) : null,
        };
    }

    private static WorkerSupply Worker(string text)
    {
        var parts = Parts().Match(text).Groups;
        var kind = parts["kind"].Success ? parts["kind"].Value : "x";
        return new(parts["id"].Value, parts["job"].Value, parts["drains"].Success, Computes(kind), DateTimeOffset.UnixEpoch)
        {
            GoesTo = parts["to"].Value,
            StateOf = parts["state"].Value,
        };
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^p-?\d+$")]
    private static partial Regex Priority();

    [GeneratedRegex(@"^(?<id>\w+)(?<drains>\*)?(:(?<kind>\w+))?(@(?<job>\w+))?(!(?<to>\w+))?(~(?<state>\w+))?$")]
    private static partial Regex Parts();
}
