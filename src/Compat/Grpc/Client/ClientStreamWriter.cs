using System.Diagnostics.CodeAnalysis;
using System.Net;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>A call's requests: each goes through one pooled buffer, kept for the call's life, into the HTTP/2 stream.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The turnstile returns them when the call ends.")]
internal sealed class ClientStreamWriter<TRequest, TResponse> : IClientStreamWriter<TRequest>
    where TRequest : class
    where TResponse : class
{
    // A stream that the server has reset tells so before its response is read.
    private static readonly TimeSpan s_statusPatience = TimeSpan.FromSeconds(1);

    private readonly ClientCall<TRequest, TResponse> _call;
    private readonly PooledBuffer _buffer = new();
    private readonly FrameWriter _frames;
    private readonly Turnstile _turnstile;
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Its continuation sends the end of the stream, and must have done so when CompleteAsync returns: a call disposed
    // right after it would otherwise reset the stream first.
    private readonly TaskCompletionSource _completed = new();

    public ClientStreamWriter(ClientCall<TRequest, TResponse> call)
    {
        _call = call;
        _frames = call.CreateWriter(_buffer);
        _turnstile = new Turnstile(() =>
        {
            _frames.Dispose();
            _buffer.Dispose();
        });
        WriteOptions = call.Options.WriteOptions;
        Content = new StreamContent(this);
        call.OnEnd(() =>
        {
            _stream.TrySetCanceled();
            _completed.TrySetCanceled();
            _turnstile.Close();
        });
    }

    public HttpContent Content { get; }

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        _call.EnsureNotDisposed();
        if (_completed.Task.IsCompletedSuccessfully)
            throw new InvalidOperationException("Request stream has already been completed.");
        if (!_turnstile.TryEnter(out var closed))
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        if (closed)
            throw _call.Error(_call.Status);
        // Half a message cannot be taken back: who cancels a write cancels the call.
        using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), _call);
        try
        {
            var stream = await _stream.Task;
            _buffer.Clear();
            _frames.Write(message, _call.Method.RequestMarshaller.ContextualSerializer, WriteOptions);
            await stream.WriteAsync(_buffer.Written, _call.Token);
            if (!Names.MayWait(WriteOptions))
                await stream.FlushAsync(_call.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or HttpRequestException or ObjectDisposedException)
        {
            // The server may have ended the call: its status is for the reader to find, so this ends nothing, but it is on its way.
            await _call.WaitForEndAsync(s_statusPatience);
            throw _call.Error(_call.StatusOf("Error writing message.", error));
        }
        finally
        {
            _turnstile.Leave();
        }
    }

    public Task CompleteAsync()
    {
        _call.EnsureNotDisposed();
        if (!_turnstile.TryEnter(out var closed))
            throw new InvalidOperationException("Can't complete the client stream writer because the previous write is in progress.");
        if (!closed)
            _turnstile.Leave();
        _completed.TrySetResult();
        return Task.CompletedTask;
    }

    private sealed class StreamContent : HttpContent
    {
        private readonly ClientStreamWriter<TRequest, TResponse> _writer;

        public StreamContent(ClientStreamWriter<TRequest, TResponse> writer)
        {
            _writer = writer;
            Headers.TryAddWithoutValidation("Content-Type", Names.ContentType);
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            // Sends the headers: the server may want to speak first.
            await stream.FlushAsync(_writer._call.Token);
            if (!_writer._stream.TrySetResult(stream) && !_writer._stream.Task.IsCanceled)
                throw new IOException("The request stream was refused after it had begun, and cannot be sent again.");
            await _writer._completed.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
