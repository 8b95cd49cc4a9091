using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>One call over one HTTP/2 stream. Whoever ends it first, its method or its deadline, writes its trailers.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "EndAsync is the call's end.")]
internal sealed class ServerCall : ServerCallContext
{
    private static readonly AuthContext s_unauthenticated = new(null, []);

    private readonly MethodSettings _settings;
    private readonly Lock _gate = new();
    private readonly CallDeadline? _deadline;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private FrameWriter? _writer;
    private Status _status = Status.DefaultSuccess;
    private string? _responseEncoding;
    private bool _ended;

    public ServerCall(HttpContext http, MethodSettings settings)
    {
        Http = http;
        _settings = settings;
        NegotiateEncoding();
        if (Timeouts.Decode(http.Request.Headers[Names.Timeout]) is { } timeout)
            _deadline = new CallDeadline(timeout, TimeProvider.System, ExpireAsync, http.RequestAborted);
    }

    public HttpContext Http { get; }

    protected override string MethodCore => Http.Request.Path.Value!;

    protected override string HostCore => Http.Request.Host.Value!;

    protected override string PeerCore => Http.Connection.RemoteIpAddress switch
    {
        null => "unknown",
        { AddressFamily: AddressFamily.InterNetwork } address => $"ipv4:{address}:{Http.Connection.RemotePort}",
        { AddressFamily: AddressFamily.InterNetworkV6 } address => $"ipv6:[{address}]:{Http.Connection.RemotePort}",
        var address => $"unknown:{address}:{Http.Connection.RemotePort}",
    };

    protected override DateTime DeadlineCore => _deadline?.Deadline ?? DateTime.MaxValue;

    protected override CancellationToken CancellationTokenCore => _deadline?.CancellationToken ?? Http.RequestAborted;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ReadHeaders();

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore
    {
        get => _status;
        set => _status = value;
    }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => s_unauthenticated;

    protected override IDictionary<object, object> UserStateCore => Http.Items!;

    public FrameReader CreateReader() => new(
        Http.Request.BodyReader, _settings.Encodings, Http.Request.Headers[Names.Encoding].FirstOrDefault(), _settings.MaxReceiveMessageSize);

    /// <summary>Writes one message, and sends it unless more is said to follow.</summary>
    public async ValueTask WriteAsync<T>(
        T message, Action<T, SerializationContext> serializer, WriteOptions? options, CancellationToken cancellationToken)
    {
        if (!Http.Response.HasStarted)
            await Http.Response.StartAsync(cancellationToken);
        lock (_gate)
        {
            if (_ended)
                throw new InvalidOperationException("Can't write the message because the request is complete.");
            _writer ??= new FrameWriter(
                Http.Response.BodyWriter, _settings.Encodings, _responseEncoding, _settings.ResponseLevel, _settings.MaxSendMessageSize);
            _writer.Write(message, serializer, options);
        }
        if (Names.MayWait(options))
            return;
        var flush = await Http.Response.BodyWriter.FlushAsync(cancellationToken);
        if (!flush.IsCompleted && CancellationToken.IsCancellationRequested)
            throw new OperationCanceledException("Request aborted while sending the message.", CancellationToken);
    }

    /// <summary>Ends the call as its method ended: with its status, or with what the exception says.</summary>
    public async Task EndAsync(Exception? error)
    {
        bool first;
        lock (_gate)
        {
            first = !_ended;
            _ended = true;
            if (first)
            {
                if (error is not null)
                    SetError(error);
                TrailerWriter.Write(Http.Response, _status, _responseTrailers);
            }
        }
        if (!first && error is not null)
            ServerLog.EndedAfterDeadline(_settings.Logger, Method, error);
        if (_deadline is not null)
            await _deadline.DisposeAsync();
        _writer?.Dispose();
    }

    /// <summary>Tells the client's stream that nothing more is wanted.</summary>
    public void Reset()
    {
        const int Cancel = 8;
        if (Http.Features.Get<IHttpResetFeature>() is { } reset)
            reset.Reset(Cancel);
        else
            Http.Abort();
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        if (Http.Response.HasStarted)
            throw new InvalidOperationException("Response headers can only be sent once per call.");
        foreach (var entry in responseHeaders)
        {
            if (entry.Key == Names.EncodingRequest)
                UseEncoding(entry.Value);
            else
                Http.Response.Headers.Append(entry.Key, MetadataText.Encode(entry));
        }
        return Http.Response.BodyWriter.FlushAsync().AsTask();
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotImplementedException("Propagation tokens are not supported; pass Deadline and CancellationToken to the client's call.");

    private async Task ExpireAsync(Func<Task> cancelToken)
    {
        lock (_gate)
        {
            if (_ended)
                return;
            _ended = true;
            _status = new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded");
            TrailerWriter.Write(Http.Response, _status, _responseTrailers);
        }
        ServerLog.DeadlineExceeded(_settings.Logger, Method);
        // The status leaves before the token fires: what the method then does cannot overtake it.
        var sent = Http.Features.GetRequiredFeature<IHttpResponseBodyFeature>().CompleteAsync();
        await cancelToken();
        await sent;
        Reset();
    }

    private void SetError(Exception error)
    {
        if (error is RpcException rpc)
        {
            ServerLog.EndedWithStatus(_settings.Logger, Method, rpc.StatusCode, rpc.Status.Detail);
            _status = rpc.Status;
            foreach (var entry in rpc.Trailers)
                ResponseTrailersCore.Add(entry);
            return;
        }
        // What a method meets when its client has gone is no failure of the method.
        if (CancellationToken.IsCancellationRequested && error is OperationCanceledException or IOException or InvalidOperationException)
            ServerLog.Cancelled(_settings.Logger, Method);
        else
            ServerLog.Failed(_settings.Logger, Method, error);
        var detail = "Exception was thrown by handler.";
        _status = new Status(StatusCode.Unknown, _settings.DetailedErrors ? $"{detail} {ErrorText.Of(error)}" : detail, error);
    }

    private Metadata ReadHeaders()
    {
        var headers = new Metadata();
        foreach (var (name, values) in Http.Request.Headers)
        {
            foreach (var value in values)
                MetadataText.Add(headers, name, value ?? "");
        }
        return headers;
    }

    private void NegotiateEncoding()
    {
        if (_settings.ResponseEncoding is { } wanted && Accepts(wanted))
            UseEncoding(wanted);
        string? used = Http.Request.Headers[Names.Encoding];
        if (used is not null && !_settings.Encodings.Knows(used))
            Http.Response.Headers[Names.AcceptEncoding] = _settings.Encodings.Accepted;
    }

    private bool Accepts(string encoding) =>
        Http.Request.Headers[Names.AcceptEncoding].ToString().Split(',', StringSplitOptions.TrimEntries).Contains(encoding);

    private void UseEncoding(string encoding)
    {
        _responseEncoding = encoding;
        Http.Response.Headers[Names.Encoding] = encoding;
    }
}
