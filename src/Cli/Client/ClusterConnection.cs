using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using TrainingCluster.Cli.Commands;
using TrainingCluster.Security;
using TrainingCluster.Telemetry;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Client;

/// <summary>A connection to one coordinator.</summary>
public sealed class ClusterConnection : IDisposable
{
    /// <summary>The trace that calls are part of, as other tools set it; without one each connection has a trace of its own.</summary>
    public const string TraceVariable = "TRACEPARENT";

    // A peer that keeps its connection open and answers nothing any more: streams, which have no deadline, end too.
    private static readonly TimeSpan s_pingAfter = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pingAnswerWithin = TimeSpan.FromSeconds(40);
    private readonly GrpcChannel _channel;
    private readonly TimeProvider _time;

    /// <summary>Connects at the first call.</summary>
    /// <param name="address"><c>http://host:port</c>, <c>https://host:port</c> or <c>host:port</c>.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <param name="access">Whom to trust and what to show; null: as the environment says.</param>
    /// <exception cref="InvalidDataException">This is no address, or not one for this access.</exception>
    public ClusterConnection(string address, TimeProvider time, ClientAccess? access = null)
    {
        access ??= ClientAccess.FromEnvironment();
        var uri = access.AddressOf(address);
        Address = uri.GetLeftPart(UriPartial.Authority);
        _time = time;
        _channel = ClusterChannel.Open(
            Address,
            handler =>
            {
                (handler.KeepAlivePingDelay, handler.KeepAlivePingTimeout) = (s_pingAfter, s_pingAnswerWithin);
                access.Configure(handler.SslOptions, CertificateRole.Coordinator);
            },
            access.CredentialsFor(uri)
        );
        var trace = TraceParent.Write(TraceParent.Read(Environment.GetEnvironmentVariable(TraceVariable)) ?? TraceParent.New());
        var calls = _channel.Intercept(metadata =>
        {
            metadata.Add(TraceParent.Key, trace);
            return metadata;
        });
        Jobs = new V1.Jobs.JobsClient(calls);
        Datasets = new Datasets.DatasetsClient(calls);
    }

    /// <summary>Where the coordinator is.</summary>
    public string Address { get; }

    /// <summary>A command for this coordinator, as people write it.</summary>
    /// <param name="words">The command and its arguments.</param>
    internal string Command(string words) =>
        Address == SharedOptions.DefaultCoordinator ? $"'./cluster {words}'" : $"'./cluster {words} --coordinator {Address}'";

    /// <summary>How long an answer may take. Default: 20 s.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The clock.</summary>
    internal TimeProvider Time => _time;

    /// <summary>The job API.</summary>
    public V1.Jobs.JobsClient Jobs { get; }

    /// <summary>The datasets that the coordinator keeps.</summary>
    public Datasets.DatasetsClient Datasets { get; }

    /// <summary>Makes a call, and turns its failure into a message for people.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="within">How long the answer may take; null: <see cref="AnswerWithin"/>.</param>
    public async Task<T> CallAsync<T>(
        Func<CallOptions, AsyncUnaryCall<T>> call,
        CancellationToken cancellationToken,
        TimeSpan? within = null
    )
    {
        ArgumentNullException.ThrowIfNull(call);
        try
        {
            if (within > AnswerWithin)
            {
                // What takes long should be known to be worked on.
                await RequireAnswerAsync(cancellationToken);
            }
            return await AnswerAsync(call, within ?? AnswerWithin, cancellationToken);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, Address);
        }
    }

    /// <summary>Makes sure that a coordinator answers, before a stream is opened that may be silent for long.</summary>
    /// <exception cref="RpcException">It does not.</exception>
    internal Task RequireAnswerAsync(CancellationToken cancellationToken) =>
        AnswerAsync(options => Jobs.GetClusterAsync(new GetClusterRequest(), options), AnswerWithin, cancellationToken);

    private async Task<T> AnswerAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, TimeSpan within, CancellationToken cancellationToken)
    {
        using var pending = call(new CallOptions(deadline: _time.GetUtcNow().UtcDateTime + within, cancellationToken: cancellationToken));
        return await pending.ResponseAsync;
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
