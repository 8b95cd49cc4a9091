using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>A connection to one coordinator.</summary>
public sealed class ClusterConnection : IDisposable
{
    // Not seconds: a coordinator that has only just started, on a machine that does much else, takes its time for the first answer.
    private static readonly TimeSpan s_answerWithin = TimeSpan.FromMinutes(1);
    private readonly GrpcChannel _channel;
    private readonly TimeProvider _time;

    /// <summary>Connects at the first call.</summary>
    /// <param name="address"><c>http://host:port</c> or <c>host:port</c>.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <exception cref="CliException">This is no address.</exception>
    public ClusterConnection(string address, TimeProvider time)
    {
        var text = address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
        {
            throw CliException.BadUsage($"--coordinator {address}: this is no address; write it as http://host:port");
        }
        Address = uri.GetLeftPart(UriPartial.Authority);
        _time = time;
        _channel = ClusterChannel.Open(Address);
        Jobs = new V1.Jobs.JobsClient(_channel);
        Datasets = new Datasets.DatasetsClient(_channel);
    }

    /// <summary>Where the coordinator is.</summary>
    public string Address { get; }

    /// <summary>The job API.</summary>
    public V1.Jobs.JobsClient Jobs { get; }

    /// <summary>The datasets that the coordinator keeps.</summary>
    public Datasets.DatasetsClient Datasets { get; }

    /// <summary>Makes a call, and turns its failure into a message for people.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="within">How long the answer may take; null: 20 s.</param>
    public async Task<T> CallAsync<T>(
        Func<CallOptions, AsyncUnaryCall<T>> call,
        CancellationToken cancellationToken,
        TimeSpan? within = null
    )
    {
        ArgumentNullException.ThrowIfNull(call);
        try
        {
            using var pending = call(
                new CallOptions(deadline: _time.GetUtcNow().UtcDateTime + (within ?? s_answerWithin), cancellationToken: cancellationToken)
            );
            return await pending.ResponseAsync;
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, Address);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
