using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.Errors;
using TrainingCluster.V1;
using TrainingCluster.Worker.Datasets;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>Stores folders with the coordinator's service Checkpoints, and fetches them.</summary>
/// <param name="coordinator">The coordinator's gRPC address as known now; null while it is not known.</param>
internal sealed class CoordinatorFiles(Func<string?> coordinator)
{
    private const int ChunkBytes = 512 * 1024;

    /// <summary>Uploads a folder as a checkpoint. <see cref="CheckpointInfo.Error"/> and status codes tell what went wrong.</summary>
    public Task<CheckpointInfo> StoreCheckpointAsync(CheckpointHeader header, string folder, CancellationToken cancellationToken) =>
        StoreAsync(header, folder, (client, token) => client.StoreCheckpoint(cancellationToken: token), cancellationToken);

    /// <summary>Uploads a model folder.</summary>
    public Task<CheckpointInfo> StoreModelAsync(CheckpointHeader header, string folder, CancellationToken cancellationToken) =>
        StoreAsync(header, folder, (client, token) => client.StoreModel(cancellationToken: token), cancellationToken);

    /// <summary>Downloads a checkpoint into a folder.</summary>
    public async Task FetchCheckpointAsync(string jobId, string checkpointId, string folder, CancellationToken cancellationToken)
    {
        using var channel = Open();
        using var call = new V1.Checkpoints.CheckpointsClient(channel).FetchCheckpoint(
            new FetchCheckpointRequest { JobId = jobId, CheckpointId = checkpointId },
            cancellationToken: cancellationToken
        );
        await ReceivedFiles.WriteAsync(call.ResponseStream, folder, cancellationToken);
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
        return await call.SendAllAsync(PiecesAsync(), cancellationToken);

        async IAsyncEnumerable<StoreCheckpointRequest> PiecesAsync()
        {
            yield return new StoreCheckpointRequest { Header = header };
            var buffer = new byte[ChunkBytes];
            foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                await using var file = File.OpenRead(path);
                do
                {
                    var read = await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
                    // The transport has taken the bytes when the next piece is asked for, so the buffer may be filled again.
                    var chunk = new FileChunk
                    {
                        Path = Path.GetFileName(path),
                        FileBytes = file.Length,
                        Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)),
                    };
                    yield return new StoreCheckpointRequest { File = chunk };
                } while (file.Position < file.Length);
            }
        }
    }

    private GrpcChannel Open()
    {
        var address =
            coordinator() ?? throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator's address is not known."));
        return GrpcChannel.ForAddress(address, new GrpcChannelOptions { MaxReceiveMessageSize = null, MaxSendMessageSize = null });
    }
}
