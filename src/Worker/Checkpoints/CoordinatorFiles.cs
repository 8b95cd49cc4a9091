using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>Stores folders with the coordinator's service Checkpoints, and fetches them.</summary>
/// <param name="coordinator">The coordinator's gRPC address as known now; null while it is not known.</param>
internal sealed class CoordinatorFiles(Func<string?> coordinator)
{
    /// <summary>Uploads a folder as a checkpoint. <see cref="CheckpointInfo.Error"/> and status codes tell what went wrong.</summary>
    public Task<CheckpointInfo> StoreCheckpointAsync(CheckpointHeader header, string folder, CancellationToken cancellationToken) =>
        StoreAsync(header, folder, (client, token) => client.StoreCheckpoint(cancellationToken: token), cancellationToken);

    /// <summary>Uploads a model folder.</summary>
    public Task<CheckpointInfo> StoreModelAsync(CheckpointHeader header, string folder, CancellationToken cancellationToken) =>
        StoreAsync(header, folder, (client, token) => client.StoreModel(cancellationToken: token), cancellationToken);

    /// <summary>Downloads a checkpoint.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="checkpointId">One of its checkpoints.</param>
    /// <param name="parent">Its files come into a temporary folder in here.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The folder, which goes when it is disposed.</returns>
    public async Task<FolderReceiver> FetchCheckpointAsync(
        string jobId,
        string checkpointId,
        string parent,
        CancellationToken cancellationToken
    )
    {
        using var channel = Open();
        using var call = new V1.Checkpoints.CheckpointsClient(channel).FetchCheckpoint(
            new FetchCheckpointRequest { JobId = jobId, CheckpointId = checkpointId },
            cancellationToken: cancellationToken
        );
        var receiver = new FolderReceiver(parent);
        try
        {
            await receiver.ReceiveAsync(call.ResponseStream.ReadAllAsync(cancellationToken), cancellationToken);
            return receiver;
        }
        catch
        {
            await receiver.DisposeAsync();
            throw;
        }
    }

    private async Task<CheckpointInfo> StoreAsync(
        CheckpointHeader header,
        string folder,
        Func<V1.Checkpoints.CheckpointsClient, CancellationToken, AsyncClientStreamingCall<StoreCheckpointRequest, CheckpointInfo>> begin,
        CancellationToken cancellationToken
    )
    {
        using var channel = Open();
        using var call = begin(new V1.Checkpoints.CheckpointsClient(channel), cancellationToken);
        return await call.SendAllAsync(
            FolderSender
                .ReadAsync(folder, cancellationToken)
                .Select(chunk => new StoreCheckpointRequest { File = chunk })
                .Prepend(new StoreCheckpointRequest { Header = header }),
            cancellationToken
        );
    }

    private GrpcChannel Open()
    {
        var address =
            coordinator() ?? throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator's address is not known."));
        return ClusterChannel.Open(address);
    }
}
