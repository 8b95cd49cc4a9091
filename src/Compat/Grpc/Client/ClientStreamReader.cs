using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>A call's responses.</summary>
internal sealed class ClientStreamReader<TRequest, TResponse> : IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private readonly ClientCall<TRequest, TResponse> _call;
    private readonly Turnstile _turnstile;
    private PipeReader? _pipe;
    private FrameReader? _frames;
    private TResponse? _current;

    public ClientStreamReader(ClientCall<TRequest, TResponse> call)
    {
        _call = call;
        _turnstile = new Turnstile(() => _pipe?.Complete());
        call.OnEnd(_turnstile.Close);
    }

    public TResponse Current => _current ?? throw new InvalidOperationException("No current message: MoveNext was not called, or found none.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        _call.EnsureNotDisposed();
        if (!_turnstile.TryEnter(out var closed))
            throw new InvalidOperationException("Can't read the next message because the previous read is still in progress.");
        _current = null;
        if (closed)
            return _call.Status.StatusCode == StatusCode.OK ? false : throw _call.Error(_call.Status);
        // A message cannot be half read: who cancels a read cancels the call.
        using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), _call);
        try
        {
            if (_frames is null)
            {
                if (await _call.OpenResponseAsync() is not { } body)
                    return false;
                (_pipe, _frames) = body;
            }
            _current = await _frames.ReadAsync(_call.Method.ResponseMarshaller.ContextualDeserializer, _call.Token);
            if (_current is not null)
                return true;
            var status = await _call.EndWithTrailersAsync(missing: false);
            return status.StatusCode == StatusCode.OK ? false : throw _call.Error(status);
        }
        catch (Exception error)
        {
            throw _call.Fail("Error reading next message.", error);
        }
        finally
        {
            _turnstile.Leave();
        }
    }
}
