using TrainingCluster.Access;

namespace TrainingCluster.Coordinator.Alerts;

/// <summary>
/// The alerts of now, as they were last judged. Kept in memory: a coordinator that has just started begins to count anew.
/// </summary>
internal sealed class AlertBoard
{
    private volatile IReadOnlyList<Alert> _now = [];

    /// <summary>Holds the rules against what is known now. One thread at a time.</summary>
    public void Judge(AlertFacts facts)
    {
        var since = _now.ToDictionary(alert => (alert.Rule.Name, alert.Finding.Subject), alert => alert.Since);
        _now =
        [
            .. AlertRules
                .All.SelectMany(rule => rule.Find(facts).Select(finding => Judged(rule, finding)))
                // Rules come the gravest first, and stay in that order.
                .OrderBy(alert => !alert.IsFiring),
        ];

        Alert Judged(AlertRule rule, AlertFinding finding)
        {
            var began = since.GetValueOrDefault((rule.Name, finding.Subject), facts.Now);
            return new(rule, finding, began, facts.Now - began);
        }
    }

    /// <summary>Those that a reader is shown: of jobs, those of its namespace. Firing ones first, then the gravest.</summary>
    public IReadOnlyList<Alert> For(Caller caller) =>
        [.. _now.Where(alert => alert.IsShown).Where(alert => alert.Finding.Job is not { } job || caller.Covers(job.Namespace))];
}
