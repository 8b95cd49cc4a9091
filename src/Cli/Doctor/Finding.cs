namespace TrainingCluster.Cli.Doctor;

/// <summary>One thing that <c>doctor</c> looked at.</summary>
/// <param name="Part">What it is.</param>
/// <param name="Found">What is there.</param>
/// <param name="Problem">Why this machine cannot train as it is, and what helps; null: it can.</param>
public sealed record Finding(string Part, string Found, string? Problem = null);
