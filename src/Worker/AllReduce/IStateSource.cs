using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>Gives a worker's state to a peer that is behind or new.</summary>
public interface IStateSource
{
    /// <summary>The state at exactly the requested step, in order, in slices that the caller must be done with before the next.</summary>
    /// <param name="request">Job, generation and step.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="Grpc.Core.RpcException">FailedPrecondition: this worker does not hold that state, or no longer.</exception>
    IAsyncEnumerable<StateChunk> ReadStateAsync(FetchStateRequest request, CancellationToken cancellationToken);
}
