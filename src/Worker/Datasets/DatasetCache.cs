using Grpc.Core;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Security;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Datasets;

/// <summary>Datasets that this worker has downloaded, by fingerprint: the same content is fetched once.</summary>
public sealed partial class DatasetCache
{
    private readonly string _folder;
    private readonly Func<string?> _coordinator;
    private readonly ClusterIdentity? _identity;

    /// <summary>A cache.</summary>
    /// <param name="folder">Made when it is not there.</param>
    /// <param name="coordinator">The coordinator's gRPC address as known now; null while it is not known.</param>
    /// <param name="identity">Who this worker is; null: it has no certificate.</param>
    public DatasetCache(string folder, Func<string?> coordinator, ClusterIdentity? identity) =>
        (_folder, _coordinator, _identity) = (folder, coordinator, identity);

    /// <summary>Opens a dataset, downloading it first if need be. A damaged copy is replaced.</summary>
    /// <param name="fingerprint">Names the content.</param>
    /// <param name="logger">Told of downloads.</param>
    /// <param name="cancellationToken">Ends the download; nothing half is left behind.</param>
    /// <exception cref="DatasetException">What was downloaded is not the dataset of that fingerprint.</exception>
    /// <exception cref="RpcException">The coordinator does not answer or has no such dataset.</exception>
    public async Task<Dataset> OpenAsync(string fingerprint, ILogger logger, CancellationToken cancellationToken)
    {
        if (fingerprint.Length == 0 || !fingerprint.All(char.IsAsciiHexDigit))
        {
            throw new DatasetException($"'{fingerprint}' is no dataset fingerprint: it must be a SHA-256 in hexadecimal.");
        }
        var folder = Path.Combine(_folder, fingerprint);
        if (Directory.Exists(folder))
        {
            try
            {
                return Dataset.Open(folder);
            }
            catch (DatasetException e)
            {
                LogDamaged(logger, folder, e.Message);
                Directory.Delete(folder, recursive: true);
            }
        }

        await using var received = new FolderReceiver(_folder);
        await DownloadAsync(fingerprint, received, logger, cancellationToken);
        using (var downloaded = Dataset.Open(received.Folder))
        {
            if (downloaded.Fingerprint != fingerprint)
            {
                throw new DatasetException($"The coordinator sent the dataset {downloaded.Fingerprint} where {fingerprint} was asked for.");
            }
        }
        try
        {
            received.MoveTo(folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            // Another job of this worker was faster; the content is the same.
        }
        return Dataset.Open(folder, verify: false);
    }

    private async Task DownloadAsync(string fingerprint, FolderReceiver receiver, ILogger logger, CancellationToken cancellationToken)
    {
        var address =
            _coordinator() ?? throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator's address is not known yet."));
        using var channel = ClusterChannel.Open(address, _identity, CertificateRole.Coordinator);
        using var call = new V1.Datasets.DatasetsClient(channel).DownloadDataset(
            new DownloadDatasetRequest { Fingerprint = fingerprint },
            cancellationToken: cancellationToken
        );
        LogDownload(logger, fingerprint, address);
        await receiver.ReceiveAsync(call.ResponseStream.ReadAllAsync(cancellationToken), cancellationToken);
    }

    [LoggerMessage(EventId = 2301, Level = LogLevel.Information, Message = "Downloading dataset {Fingerprint} from {Address}")]
    private static partial void LogDownload(ILogger logger, string fingerprint, string address);

    [LoggerMessage(
        EventId = 2302,
        Level = LogLevel.Warning,
        Message = "The cached dataset {Folder} cannot be used and is fetched again: {Reason}"
    )]
    private static partial void LogDamaged(ILogger logger, string folder, string reason);
}
