namespace Grpc.Net.Client.Internal;

/// <summary>
/// One user at a time, and a cleaning up that waits for the user within: pooled memory goes back only when nobody reads
/// or writes it any more.
/// </summary>
internal sealed class Turnstile(Action cleanUp)
{
    private readonly Lock _gate = new();
    private bool _inside;
    private bool _closed;

    /// <summary>False when somebody is inside. Who is let in after the closing gets <paramref name="closed"/>.</summary>
    public bool TryEnter(out bool closed)
    {
        lock (_gate)
        {
            closed = _closed;
            if (_inside)
                return false;
            _inside = !_closed;
            return true;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            _inside = false;
            if (!_closed)
                return;
        }
        cleanUp();
    }

    public void Close()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            if (_inside)
                return;
        }
        cleanUp();
    }
}
