namespace TrainingCluster.Coordinator.Hosting;

/// <summary>Whether everything listens.</summary>
public sealed class Readiness
{
    private volatile bool ready;

    /// <summary>Set once the actors run.</summary>
    public bool IsReady
    {
        get => ready;
        set => ready = value;
    }
}
