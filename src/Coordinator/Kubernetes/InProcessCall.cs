using Grpc.Core;
using TrainingCluster.Access;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>A call of a service's method inside this process: the controller goes through the same door as clients.</summary>
/// <param name="caller">Who calls.</param>
/// <param name="cancellationToken">Ends the call.</param>
internal sealed class InProcessCall(Caller caller, CancellationToken cancellationToken) : ServerCallContext
{
    private readonly Dictionary<object, object> _state = new() { [nameof(Caller)] = caller };

    protected override string MethodCore => "";

    protected override string HostCore => "";

    protected override string PeerCore => "in-process";

    protected override DateTime DeadlineCore => DateTime.MaxValue;

    protected override Metadata RequestHeadersCore { get; } = [];

    protected override CancellationToken CancellationTokenCore => cancellationToken;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new(null, []);

    protected override IDictionary<object, object> UserStateCore => _state;

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("A call inside the process is not passed on.");

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
}
