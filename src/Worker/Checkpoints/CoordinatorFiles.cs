using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Security;
using TrainingCluster.Telemetry;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>Stores folders with the coordinator's service Checkpoints, and fetches them.</summary>
/// <param name="coordinator">The coordinator's gRPC address as known now; null while it is not known.</param>
/// <param name="identity">Who this worker is; null: it has no certificate.</param>
internal sealed class CoordinatorFiles(Func<string?> coordinator, ClusterIdentity? identity)
{
    /// <summary>W3C traceparent of the job: the coordinator's lines about calls name its trace. Empty: not known.</summary>
    public string Trace { get; set; } = "";

    /// <summary>Uploads a folder as a checkpoint. <see cref="CheckpointInfo.Error"/> and status codes tell what went wrong.</summary>
    public Task<CheckpointInfo> StoreCheckpointAsync(
        CheckpointHeader header,
        string groupToken,
        string folder,
        CancellationToken cancellationToken
    ) => StoreAsync(header, folder, client => client.StoreCheckpoint(Show(groupToken, cancellationToken)), cancellationToken);

    /// <summary>Uploads a model folder.</summary>
    public Task<CheckpointInfo> StoreModelAsync(
        CheckpointHeader header,
        string groupToken,
        string folder,
        CancellationToken cancellationToken
    ) => StoreAsync(header, folder, client => client.StoreModel(Show(groupToken, cancellationToken)), cancellationToken);

    /// <summary>Downloads the checkpoint that a generation goes on from.</summary>
    /// <param name="start">The generation.</param>
    /// <param name="parent">Its files come into a temporary folder in here.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The folder, which goes when it is disposed.</returns>
    public async Task<FolderReceiver> FetchCheckpointAsync(StartGeneration start, string parent, CancellationToken cancellationToken)
    {
        using var channel = Open();
        using var call = new V1.Checkpoints.CheckpointsClient(channel).FetchCheckpoint(
            new FetchCheckpointRequest
            {
                JobId = start.JobId,
                CheckpointId = start.CheckpointId,
                Generation = start.Generation,
            },
            Show(start.GroupToken, cancellationToken)
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
        Func<V1.Checkpoints.CheckpointsClient, AsyncClientStreamingCall<StoreCheckpointRequest, CheckpointInfo>> begin,
        CancellationToken cancellationToken
    )
    {
        using var channel = Open();
        using var call = begin(new V1.Checkpoints.CheckpointsClient(channel));
        return await call.SendAllAsync(
            FolderSender
                .ReadAsync(folder, cancellationToken)
                .Select(chunk => new StoreCheckpointRequest { File = chunk })
                .Prepend(new StoreCheckpointRequest { Header = header }),
            cancellationToken
        );
    }

    private CallOptions Show(string groupToken, CancellationToken cancellationToken)
    {
        var options = GroupToken.Show(groupToken, cancellationToken);
        if (Trace is { Length: > 0 } trace)
        {
            options.Headers!.Add(TraceParent.Key, trace);
        }
        return options;
    }

    private GrpcChannel Open()
    {
        var address =
            coordinator() ?? throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator's address is not known."));
        return ClusterChannel.Open(address, identity, CertificateRole.Coordinator);
    }
}
