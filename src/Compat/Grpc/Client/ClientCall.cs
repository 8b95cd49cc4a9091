using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>
/// One call. It ends exactly once: by the server's trailers, its deadline, its token, its disposal or a failure of the
/// transport, whichever is first; all that came later sees that status.
/// </summary>
internal abstract class ClientCall : IDisposable
{
    // Large enough that a bulk message lies in few segments; the segments come from the shared pool.
    private static readonly StreamPipeReaderOptions s_pipeOptions = new(bufferSize: 64 * 1024, minimumReadSize: 8 * 1024);

    private readonly GrpcChannel _channel;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _source = new();
    private readonly TaskCompletionSource<HttpResponseMessage> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CallTimer? _timer;
    private readonly CancellationTokenRegistration _registration;
    private Metadata? _trailers;
    private Status? _status;
    private Action? _ended;
    private volatile bool _disposed;

    protected ClientCall(GrpcChannel channel, CallOptions options)
    {
        if (options.Deadline is { Kind: not DateTimeKind.Utc } local && local != DateTime.MaxValue && local != DateTime.MinValue)
            throw new InvalidOperationException("Deadline must have a kind DateTimeKind.Utc or be equal to DateTime.MaxValue or DateTime.MinValue.");
        _channel = channel;
        Options = options;
        Token = _source.Token;
        ObserveFailures(_response.Task);
        ObserveFailures(_headers.Task);
        channel.Register(this);
        _registration = options.CancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), this);
        // A deadline that has passed ends the call before anything is sent; a timer would be too late.
        if (Deadline <= TimeProvider.System.GetUtcNow())
            Expire();
        else if (Deadline is { } deadline)
            _timer = new CallTimer(deadline, TimeProvider.System, Expire);
        // The token may have fired before there was a timer to stop.
        if (FinalStatus is not null)
            _timer?.Dispose();
    }

    public CallOptions Options { get; }

    public GrpcChannel Channel => _channel;

    /// <summary>Fires when the call ends in any way but by its trailers.</summary>
    public CancellationToken Token { get; }

    public Task<Metadata> ResponseHeaders => _headers.Task;

    public Status? FinalStatus
    {
        get
        {
            lock (_gate)
                return _status;
        }
    }

    public Status Status => FinalStatus ?? throw new InvalidOperationException("Unable to get the status because the call is not complete.");

    public Metadata Trailers =>
        _trailers ?? throw new InvalidOperationException("Can't get the call trailers because the call has not completed successfully.");

    private DateTimeOffset? Deadline => Options.Deadline switch
    {
        null => null,
        { } time when time == DateTime.MaxValue => null,
        { } time when time == DateTime.MinValue => DateTimeOffset.MinValue,
        { } time => new DateTimeOffset(time),
    };

    public void Cancel() => End(new Status(StatusCode.Cancelled, "Call canceled by the client."), null);

    /// <exception cref="ObjectDisposedException">The call, or its channel, was disposed.</exception>
    public void EnsureNotDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    public void Dispose()
    {
        _disposed = true;
        End(new Status(StatusCode.Cancelled, "gRPC call disposed."), null);
        _timer?.Dispose();
        _registration.Dispose();
    }

    /// <summary>Runs when the call ends; at once when it has.</summary>
    public void OnEnd(Action action)
    {
        lock (_gate)
        {
            if (_status is null)
            {
                _ended += action;
                return;
            }
        }
        action();
    }

    /// <summary>Returns when the call has ended, or after <paramref name="patience"/>.</summary>
    public async Task WaitForEndAsync(TimeSpan patience)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        OnEnd(() => ended.TrySetResult());
        await Task.WhenAny(ended.Task, Task.Delay(patience, TimeProvider.System));
    }

    /// <summary>Sends the request; the response is awaited by whoever reads it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="mustAnswer">Whether OK without a message is a failure.</param>
    public async Task SendAsync(HttpRequestMessage request, bool mustAnswer)
    {
        try
        {
            Token.ThrowIfCancellationRequested();
            if (Deadline is { } deadline)
                request.Headers.TryAddWithoutValidation(Names.Timeout, Timeouts.Encode(deadline - TimeProvider.System.GetUtcNow()));
            var response = await _channel.SendAsync(request, Token);
            OnEnd(response.Dispose);
            _headers.TrySetResult(ResponseStatus.Metadata(response.Headers));
            if (ResponseStatus.FromHeaders(response) is { } status && !(mustAnswer && status.StatusCode == StatusCode.OK))
                End(status, ResponseStatus.Metadata(response.Headers));
            _response.TrySetResult(response);
        }
        catch (Exception error)
        {
            Fail("Error starting gRPC call.", error);
        }
    }

    /// <summary>The response's messages; null when the call ended OK without any.</summary>
    /// <exception cref="RpcException">The call ended otherwise.</exception>
    public async Task<(PipeReader Pipe, FrameReader Frames)?> OpenResponseAsync()
    {
        var response = await _response.Task;
        if (FinalStatus is { } status)
            return status.StatusCode == StatusCode.OK ? null : throw Error(status);
        var pipe = PipeReader.Create(await response.Content.ReadAsStreamAsync(Token), s_pipeOptions);
        var encoding = response.Headers.TryGetValues(Names.Encoding, out var values) ? values.First() : null;
        return (pipe, new FrameReader(pipe, _channel.Encodings, encoding, _channel.Options.MaxReceiveMessageSize));
    }

    /// <summary>After the last message: ends the call as the trailers say, unless they say OK and a message is missing.</summary>
    public async Task<Status> EndWithTrailersAsync(bool missing)
    {
        var response = await _response.Task;
        var status = ResponseStatus.FromTrailers(response);
        if (missing && status.StatusCode == StatusCode.OK)
            status = new Status(StatusCode.Internal, "Failed to deserialize response message.");
        return End(status, ResponseStatus.Metadata(response.TrailingHeaders));
    }

    /// <summary>Ends the call because of an exception, and returns what to throw.</summary>
    public Exception Fail(string summary, Exception error) => Error(End(StatusOf(summary, error), null));

    /// <summary>What the exception says about the call, without ending it.</summary>
    public Status StatusOf(string summary, Exception error)
    {
        if (FinalStatus is { } final)
            return final;
        var status = error switch
        {
            RpcException rpc => rpc.Status,
            OperationCanceledException => new Status(StatusCode.Cancelled, summary, error),
            _ => new Status(ResponseStatus.CodeOf(error), $"{summary} {ErrorText.Of(error)}", error),
        };
        // The server's clock may be a little ahead: its reset is then this call's deadline too.
        return status.StatusCode == StatusCode.Cancelled && Deadline <= TimeProvider.System.GetUtcNow()
            ? new Status(StatusCode.DeadlineExceeded, status.Detail, error)
            : status;
    }

    public Exception Error(Status status)
    {
        if (_channel.Options.ThrowOperationCanceledOnCancellation && status.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded)
            return new OperationCanceledException(status.ToString(), Options.CancellationToken.IsCancellationRequested ? Options.CancellationToken : Token);
        return new RpcException(status, _trailers ?? Metadata.Empty);
    }

    private void Expire() => End(new Status(StatusCode.DeadlineExceeded, ""), null);

    /// <returns>The status with which the call ended, now or before.</returns>
    private Status End(Status status, Metadata? trailers)
    {
        Action? ended;
        lock (_gate)
        {
            if (_status is { } earlier)
                return earlier;
            _status = status;
            _trailers = trailers;
            ended = _ended;
            _ended = null;
        }
        if (status.StatusCode != StatusCode.OK)
            ClientLog.Ended(_channel.Logger, status.StatusCode, status.Detail, status.DebugException);
        _timer?.Dispose();
        _registration.Unregister();
        _channel.Unregister(this);
        if (trailers is null)
        {
            // The stream is still open: this resets it.
            _source.Cancel();
            _headers.TrySetException(Error(status));
            _response.TrySetException(Error(status));
        }
        ended?.Invoke();
        return status;
    }

    private static void ObserveFailures(Task task) => task.ContinueWith(
        static failed => _ = failed.Exception,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);
}
