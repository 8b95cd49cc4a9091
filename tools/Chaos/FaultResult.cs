namespace TrainingCluster.Chaos;

/// <summary>What one fault did.</summary>
/// <param name="Proof">How it is known that it happened. Null: it is not known.</param>
/// <param name="Recovery">From the fault until the next whole step. Null: there was none in time.</param>
/// <param name="Problem">What was not as it must be. Null: all was.</param>
/// <param name="Way">Which of several ways to do this harm it was. Null: there is one.</param>
internal sealed record FaultResult(string? Proof, TimeSpan? Recovery, string? Problem = null, string? Way = null);

/// <summary>A way to do harm.</summary>
internal interface IFault
{
    /// <summary>Does it, undoes it where it is one that passes, and waits for the next step.</summary>
    Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken);
}
