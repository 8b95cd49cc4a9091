namespace TrainingCluster.Coordinator.Alerts;

/// <summary>A rule of <c>deploy/prometheus/rules.yaml</c> that the coordinator can judge by itself.</summary>
/// <param name="Name">As it is there.</param>
/// <param name="Severity">The same: critical, warning or info.</param>
/// <param name="For">How long it must be so before it fires.</param>
/// <param name="Find">Everything of which it is so.</param>
public sealed record AlertRule(string Name, string Severity, TimeSpan For, Func<AlertFacts, IEnumerable<AlertFinding>> Find);

/// <summary>Something of which a rule's condition is true.</summary>
/// <param name="Subject">What tells it from other findings of the rule: a job, a worker; empty: the cluster.</param>
/// <param name="Text">What, and what helps.</param>
public sealed record AlertFinding(string Subject, string Text)
{
    /// <summary>The job; null: it is about none.</summary>
    public AlertJob? Job { get; init; }
}

/// <summary>A rule's condition that is true now.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Finding">Of what.</param>
/// <param name="Since">Since when.</param>
/// <param name="Lasted">How long it has been so.</param>
public sealed record Alert(AlertRule Rule, AlertFinding Finding, DateTimeOffset Since, TimeSpan Lasted)
{
    /// <summary>Whether it has been so for as long as the rule asks.</summary>
    public bool IsFiring => Lasted >= Rule.For;

    /// <summary>Whether it fires, or has been so for half of that time: what comes and goes by itself is told to nobody.</summary>
    public bool IsShown => Lasted >= Rule.For / 2;
}
