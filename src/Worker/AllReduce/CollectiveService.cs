using Grpc.Core;
using TrainingCluster.Transport;
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
        CollectiveGroup group;
        try
        {
            group = await host.GroupOfAsync(first.JobId, first.Generation, $"rank {first.SenderRank}", context.CancellationToken);
            GroupToken.Require(context, group.Plan.Token, first.JobId, first.Generation);
        }
        catch
        {
            first.Received?.Dispose();
            throw;
        }
        return await group.Links.ReceiveAsync(first, requestStream, context.CancellationToken);
    }

    /// <inheritdoc/>
    public override async Task FetchState(
        FetchStateRequest request,
        IServerStreamWriter<StateChunk> responseStream,
        ServerCallContext context
    )
    {
        const string Caller = "a peer that wants the state";
        var plan = request.Storing
            ? host.LastPlanOf(request.JobId, request.Generation, Caller)
            : await host.PlanOfAsync(request.JobId, request.Generation, Caller, context.CancellationToken);
        GroupToken.Require(context, plan.Token, request.JobId, request.Generation);
        var source = host.StateSource ?? throw new RpcException(new Status(StatusCode.FailedPrecondition, "This worker holds no state."));
        await foreach (var chunk in source.ReadStateAsync(request, context.CancellationToken))
        {
            await responseStream.WriteAsync(chunk);
        }
    }
}
