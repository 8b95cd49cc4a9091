namespace TrainingCluster.Worker.Actors;

/// <summary>What this worker knows of its coordinator. Outlives actor systems; safe from any thread.</summary>
public sealed class CoordinatorLink(TimeProvider time)
{
    private volatile string? _grpcAddress;
    private long _lastHeard;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _draining;

    /// <summary>http://host:port of its gRPC services, as last told; null: not yet.</summary>
    public string? GrpcAddress => _grpcAddress;

    /// <summary>Whether this worker wants to leave.</summary>
    public bool Draining => _draining;

    /// <summary>Completes once the coordinator has let this worker go.</summary>
    public Task Drained => _drained.Task;

    /// <summary>Whether the coordinator has answered within <paramref name="span"/>.</summary>
    public bool HeardWithin(TimeSpan span)
    {
        var heard = Interlocked.Read(ref _lastHeard);
        return heard != 0 && time.GetElapsedTime(heard) <= span;
    }

    /// <summary>The coordinator answered.</summary>
    public void Heard(string address)
    {
        _grpcAddress = address;
        Interlocked.Exchange(ref _lastHeard, time.GetTimestamp());
    }

    /// <summary>This worker wants to leave: from now on it says so with every registration.</summary>
    public void BeginDrain() => _draining = true;

    /// <summary>The coordinator has let it go.</summary>
    public void EndDrain() => _drained.TrySetResult();
}
