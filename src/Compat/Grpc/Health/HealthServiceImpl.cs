using System.Threading.Channels;
using Grpc.Core;
using Grpc.Health.V1;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.HealthCheck;

/// <summary>The health protocol over statuses that the application sets.</summary>
public class HealthServiceImpl : Health.V1.Health.HealthBase
{
    // A watcher that reads too slowly loses the oldest.
    private const int Pending = 5;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<ChannelWriter<ServingStatus>>> _watchers = new(StringComparer.Ordinal);

    /// <param name="service">A service's full name; empty for the whole server.</param>
    /// <param name="status">Its status from now on.</param>
    public void SetStatus(string service, ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_gate)
        {
            var before = StatusOf(service);
            _statuses[service] = status;
            if (before != status)
                Notify(service, status);
        }
    }

    public void ClearStatus(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_gate)
        {
            if (_statuses.Remove(service))
                Notify(service, ServingStatus.ServiceUnknown);
        }
    }

    public void ClearAll()
    {
        lock (_gate)
        {
            foreach (var service in _statuses.Keys.ToList())
                ClearStatus(service);
        }
    }

    /// <exception cref="RpcException">NotFound: no such service.</exception>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        lock (_gate)
        {
            return _statuses.TryGetValue(request.Service, out var status)
                ? Task.FromResult(new HealthCheckResponse { Status = status })
                : throw new RpcException(new Status(StatusCode.NotFound, ""));
        }
    }

    public override Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context) =>
        WatchAsync(request.Service, responseStream, null, context.CancellationToken);

    /// <summary>Sends the status now and its changes until the token fires.</summary>
    /// <param name="service">A service's full name.</param>
    /// <param name="responses">Where the statuses go.</param>
    /// <param name="now">Finds the first status; null for the one that was set.</param>
    /// <param name="until">The watch's end, which is no failure.</param>
    internal async Task WatchAsync(
        string service, IServerStreamWriter<HealthCheckResponse> responses, Func<Task<ServingStatus>>? now, CancellationToken until)
    {
        var changes = Channel.CreateBounded<ServingStatus>(new BoundedChannelOptions(Pending) { FullMode = BoundedChannelFullMode.DropOldest });
        ServingStatus status;
        lock (_gate)
        {
            if (!_watchers.TryGetValue(service, out var watchers))
                _watchers[service] = watchers = [];
            watchers.Add(changes.Writer);
            status = StatusOf(service);
        }
        using var end = until.UnsafeRegister(static writer => ((ChannelWriter<ServingStatus>)writer!).TryComplete(), changes.Writer);
        try
        {
            if (now is not null)
                status = await now();
            await responses.WriteAsync(new HealthCheckResponse { Status = status }, CancellationToken.None);
            await foreach (var change in changes.Reader.ReadAllAsync(CancellationToken.None))
            {
                if (change == status)
                    continue;
                status = change;
                await responses.WriteAsync(new HealthCheckResponse { Status = status }, CancellationToken.None);
            }
        }
        finally
        {
            lock (_gate)
            {
                if (_watchers[service].Remove(changes.Writer) && _watchers[service].Count == 0)
                    _watchers.Remove(service);
            }
        }
    }

    private ServingStatus StatusOf(string service) => _statuses.GetValueOrDefault(service, ServingStatus.ServiceUnknown);

    private void Notify(string service, ServingStatus status)
    {
        foreach (var watcher in _watchers.GetValueOrDefault(service, []))
            watcher.TryWrite(status);
    }
}
