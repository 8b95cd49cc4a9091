using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Security;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The way of gradients to a peer that does not read this worker's memory: a TCP connection to its gRPC port. A thread of its own
/// writes them to the socket from where they lie. Through gRPC they cost more than twice the processor time.
/// </summary>
internal sealed class DataConnection : IAsyncDisposable
{
    // So much of a payload goes out with its header.
    private const int FirstBytes = 32 * 1024;

    // Numbers are rounded in pieces that stay in the processor's cache.
    private const int RoundedFloats = 64 * 1024;

    // Not a BlockingCollection: it spins before it waits, and takes the processor from who would send the next frame.
    private readonly Queue<CollectiveFrame> _frames = [];
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly Action<int> _sent;
    private readonly FailureDetector _detector;
    private readonly string _peer;
    private bool _completed;
    private volatile bool _discard;

    private DataConnection(Socket socket, Stream stream, string peer, FailureDetector detector, Action<int> sent)
    {
        (_socket, _stream, _peer, _detector, _sent) = (socket, stream, peer, detector, sent);
        Sending = Task.Factory.StartNew(Write, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Ends when all frames have been written, or no more can be.</summary>
    public Task Sending { get; }

    /// <summary>Opens one.</summary>
    /// <param name="plan">The members.</param>
    /// <param name="rank">The peer.</param>
    /// <param name="options">Time limits, and who this worker is.</param>
    /// <param name="time">The clock for waiting.</param>
    /// <param name="detector">Told when it cannot be written to any more, and why.</param>
    /// <param name="sent">Told of the payload bytes of each frame that was written.</param>
    /// <exception cref="IOException">There is none; the message says why.</exception>
    public static async Task<DataConnection> OpenAsync(
        ProcessGroup plan,
        int rank,
        CollectiveOptions options,
        TimeProvider time,
        FailureDetector detector,
        Action<int> sent
    )
    {
        var (peer, address, _) = plan.Members[rank];
        using var limit = new CancellationTokenSource(options.ToConnect, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, detector.Ended);
        // A payload is written whole: nothing is gained by waiting for more.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(address.IdnHost, address.Port, either.Token);
            stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(DataWire.Preface.ToArray(), either.Token);
            if (options.Identity is { } identity)
            {
                stream = await SecureAsync(stream, address, identity, either.Token);
            }
            var hello = new DataHello
            {
                JobId = plan.JobId,
                Generation = plan.Generation,
                SenderRank = plan.OwnRank,
                GroupToken = plan.Token,
            };
            await stream.WriteAsync(DataWire.Write(hello), either.Token);
            var answer = new byte[1];
            if (await stream.ReadAsync(answer, either.Token) == 0 || answer[0] != DataWire.Accepted)
            {
                throw new IOException("it was not accepted");
            }
            BlockingSocket.Make(socket);
            return new DataConnection(socket, stream, peer, detector, sent);
        }
        catch (Exception e)
            when (e is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
        {
            socket.Dispose();
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
            throw e is OperationCanceledException && !detector.Ended.IsCancellationRequested
                ? new IOException($"nothing within {options.ToConnect.TotalSeconds:0.#} s", e)
                : new IOException(e.Message, e);
        }
    }

    /// <summary>Queues a frame with a payload. Never waits.</summary>
    public void Send(CollectiveFrame frame)
    {
        lock (_frames)
        {
            _frames.Enqueue(frame);
            Monitor.Pulse(_frames);
        }
    }

    /// <summary>No more frames.</summary>
    /// <param name="discard">Those that are queued need not be written either.</param>
    public void Complete(bool discard)
    {
        lock (_frames)
        {
            _discard |= discard;
            _completed = true;
            Monitor.Pulse(_frames);
        }
    }

    /// <summary>Breaks off what is being written.</summary>
    public async ValueTask DisposeAsync()
    {
        Complete(discard: true);
        BlockingSocket.End(_socket);
        await Sending;
        await _stream.DisposeAsync();
    }

    private static async Task<Stream> SecureAsync(Stream plain, Uri address, ClusterIdentity identity, CancellationToken cancellationToken)
    {
        var secure = new SslStream(plain);
        var how = new SslClientAuthenticationOptions { TargetHost = address.IdnHost };
        identity.ForClient(how, CertificateRole.Worker);
        await secure.AuthenticateAsClientAsync(how, cancellationToken);
        return secure;
    }

    private void Write()
    {
        var buffer = new byte[DataWire.LongestHeader + Math.Max(FirstBytes, RoundedFloats * sizeof(ushort))];
        try
        {
            while (Next() is { } frame)
            {
                Write(frame, buffer);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            if (!_discard)
            {
                _ = _detector.FailUnlessToldAsync($"The data connection to {_peer} broke: {e.Message}", _peer);
            }
        }
    }

    /// <returns>Null: no more is to be written.</returns>
    private CollectiveFrame? Next()
    {
        lock (_frames)
        {
            CollectiveFrame? next;
            while (!_frames.TryDequeue(out next) && !_completed)
            {
                Monitor.Wait(_frames);
            }
            return _discard ? null : next;
        }
    }

    private void Write(CollectiveFrame frame, byte[] buffer)
    {
        var numbers = frame.Floats.Span;
        var bytes = numbers.Length * frame.NumberBytes;
        var used = DataWire.Write(frame, bytes, buffer);
        if (frame.IsRounded)
        {
            while (!numbers.IsEmpty)
            {
                var piece = numbers[..Math.Min(RoundedFloats, numbers.Length)];
                GradientPrecision.Narrow(piece, MemoryMarshal.Cast<byte, ushort>(buffer.AsSpan(used)));
                _stream.Write(buffer.AsSpan(0, used + (piece.Length * sizeof(ushort))));
                numbers = numbers[piece.Length..];
                used = 0;
            }
        }
        else
        {
            // One packet less, which would wake the peer for the header alone.
            var payload = MemoryMarshal.AsBytes(numbers);
            var first = payload[..Math.Min(FirstBytes, payload.Length)];
            first.CopyTo(buffer.AsSpan(used));
            _stream.Write(buffer.AsSpan(0, used + first.Length));
            if (first.Length < payload.Length)
            {
                _stream.Write(payload[first.Length..]);
            }
        }
        _sent(bytes);
        frame.Taken?.Invoke();
    }
}
