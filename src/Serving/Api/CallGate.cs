using Grpc.Core;
using TrainingCluster.Errors;

namespace TrainingCluster.Serving.Api;

/// <summary>Counts the calls that are being answered, and lets no more in when the server ends.</summary>
internal sealed class CallGate
{
    private static readonly TimeSpan s_elsewhere = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;
    private bool _isClosed;

    /// <summary>Whether no more calls are let in.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _isClosed;
            }
        }
    }

    /// <summary>Lets a call in.</summary>
    /// <returns>To be disposed when it has been answered.</returns>
    /// <exception cref="RpcException">UNAVAILABLE: the server ends.</exception>
    public IDisposable Enter()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                throw RpcErrors.Info(
                    StatusCode.Unavailable,
                    "DRAINING",
                    "this server ends, and answers only what it has taken before; call another one",
                    s_elsewhere
                );
            }
            _calls++;
        }
        return new Leaving(this);
    }

    /// <summary>Closes the gate.</summary>
    /// <returns>Completes when all calls have been answered.</returns>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            if (_calls == 0)
            {
                _drained.TrySetResult();
            }
        }
        return _drained.Task;
    }

    private void Leave()
    {
        lock (_gate)
        {
            _calls--;
            if (_isClosed && _calls == 0)
            {
                _drained.TrySetResult();
            }
        }
    }

    private sealed class Leaving(CallGate gate) : IDisposable
    {
        private CallGate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Leave();
    }
}
