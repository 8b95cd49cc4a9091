namespace TrainingCluster.Worker.Actors;

/// <summary>What this worker knows of its coordinator. Outlives actor systems; safe from any thread.</summary>
public sealed class CoordinatorLink(TimeProvider time)
{
    private volatile string? grpcAddress;
    private long lastHeard;
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool draining;

    /// <summary>http://host:port of its gRPC services, as last told; null: not yet.</summary>
    public string? GrpcAddress => grpcAddress;

    /// <summary>Whether this worker wants to leave.</summary>
    public bool Draining => draining;

    /// <summary>Completes once the coordinator has let this worker go.</summary>
    public Task Drained => drained.Task;

    /// <summary>Whether the coordinator has answered within <paramref name="span"/>.</summary>
    public bool HeardWithin(TimeSpan span)
    {
        var heard = Interlocked.Read(ref lastHeard);
        return heard != 0 && time.GetElapsedTime(heard) <= span;
    }

    /// <summary>The coordinator answered.</summary>
    public void Heard(string address)
    {
        grpcAddress = address;
        Interlocked.Exchange(ref lastHeard, time.GetTimestamp());
    }

    /// <summary>This worker wants to leave: from now on it says so with every registration.</summary>
    public void BeginDrain() => draining = true;

    /// <summary>The coordinator has let it go.</summary>
    public void EndDrain() => drained.TrySetResult();
}
