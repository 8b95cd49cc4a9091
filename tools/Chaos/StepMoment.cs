namespace TrainingCluster.Chaos;

/// <summary>A step of a job was done.</summary>
/// <param name="At">When it was first seen done by a worker.</param>
/// <param name="Step">Its number.</param>
public readonly record struct StepMoment(DateTimeOffset At, long Step);
