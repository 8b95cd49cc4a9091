namespace TrainingCluster.Jobs;

/// <summary>Stages of a failed generation (<c>GenerationFailed.stage</c>) that the coordinator acts upon. Others are for people.</summary>
public static class FailureStages
{
    /// <summary>The checkpoint arrived as it was stored, but holds no state of this job at the step that it is named by.</summary>
    public const string BadCheckpoint = "BadCheckpoint";
}
