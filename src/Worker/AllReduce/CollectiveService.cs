using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>The gRPC service Collective of this worker: hands each stream to the generation that it belongs to.</summary>
internal sealed class CollectiveService(CollectiveHost host) : CollectiveWire.ServiceBase
{
    /// <inheritdoc/>
    public override async Task<ExchangeResult> Exchange(IAsyncStreamReader<CollectiveFrame> requestStream, ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken))
        {
            return new ExchangeResult();
        }
        var first = requestStream.Current;
        var group = await host.GroupForAsync(first, context.CancellationToken);
        return await group.Links.ReceiveAsync(first, requestStream, context.CancellationToken);
    }

    /// <inheritdoc/>
    public override async Task FetchState(
        FetchStateRequest request,
        IServerStreamWriter<StateChunk> responseStream,
        ServerCallContext context
    )
    {
        var source = host.StateSource ?? throw new RpcException(new Status(StatusCode.FailedPrecondition, "This worker holds no state."));
        await foreach (var chunk in source.ReadStateAsync(request, context.CancellationToken))
        {
            await responseStream.WriteAsync(chunk);
        }
    }
}
