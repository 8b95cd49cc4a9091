using System.Diagnostics;
using Compat.Grpc.Tests.Testing;
using Grpc.Core;
using Grpc.Net.Client;

namespace Compat.Grpc.Tests.Interop;

/// <summary>Our client calls grpcio's server.</summary>
public sealed class PythonServerTests : IAsyncLifetime
{
    private Process? _server;
    private GrpcChannel? _channel;

    private CallInvoker Invoker => _channel!.CreateCallInvoker();

    public async ValueTask InitializeAsync()
    {
        await Python.RequireAsync();
        _server = Python.Start("server.py");
        var port = await _server.StandardOutput.ReadLineAsync();
        Assert.False(string.IsNullOrEmpty(port), port is null ? await _server.StandardError.ReadToEndAsync() : "");
        _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { MaxReceiveMessageSize = null });
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_server is null)
            return;
        _server.StandardInput.Close();
        await _server.WaitForExitAsync().WaitAsync(RawCalls.Patience);
        _server.Dispose();
    }

    [Fact]
    public async Task Unary_SmallAndEmpty_ComeBack()
    {
        Assert.Equal([1, 2, 3], (await Invoker.Unary([1, 2, 3])).Bytes);
        Assert.Empty((await Invoker.Unary([])).Bytes);
    }

    [Fact]
    public async Task ClientStreaming_ManyMessages_AreAllRead()
    {
        using var call = Invoker.Collect();
        for (byte i = 0; i < 100; i++)
            await call.RequestStream.WriteAsync(new Blob([i]));
        await call.RequestStream.CompleteAsync();
        var reply = await call;

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), reply.Bytes);
    }

    [Fact]
    public async Task ServerStreaming_ManyMessages_ComeInOrder()
    {
        using var call = Invoker.Split([.. Enumerable.Range(0, 100).Select(i => (byte)i)]);
        var received = new List<byte>();
        await foreach (var blob in call.ResponseStream.ReadAllAsync())
            received.AddRange(blob.Bytes);

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), received);
    }

    [Fact]
    public async Task Duplex_AnswerBeforeNextQuestion_ComesAtOnce()
    {
        using var call = Invoker.Chat();
        for (byte i = 0; i < 10; i++)
        {
            await call.RequestStream.WriteAsync(new Blob([i]));
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal([i], call.ResponseStream.Current.Bytes);
        }
        await call.RequestStream.CompleteAsync();

        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task Unary_DeadlinePasses_DeadlineExceededAndServerIsToldSo()
    {
        await Invoker.Unary([1]);
        var options = RawCalls.Do("wait").WithDeadline(RawCalls.DeadlineIn(RawCalls.LongEnoughToArrive));

        var failure = await RawCalls.FailureAsync(() => Invoker.Unary([1], options).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        Assert.Equal("cancelled", await _server!.StandardOutput.ReadLineAsync().WaitAsync(RawCalls.Patience));
    }

    [Fact]
    public async Task Unary_TokenFires_CancelledAndServerIsToldSo()
    {
        using var source = new CancellationTokenSource();
        var options = new CallOptions(new Metadata { { "x-do", "wait" }, { "x-copy-begun", "1" } }, cancellationToken: source.Token);

        using var call = Invoker.Unary([1], options);
        await call.ResponseHeadersAsync.WaitAsync(RawCalls.Patience);
        await source.CancelAsync();
        var failure = await RawCalls.FailureAsync(() => call.ResponseAsync);

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        Assert.Equal("cancelled", await _server!.StandardOutput.ReadLineAsync().WaitAsync(RawCalls.Patience));
    }

    [Fact]
    public async Task Metadata_TextAndBinary_ComeBackAsHeadersAndTrailers()
    {
        var sent = new Metadata { { "x-copy-text", "a b" }, { "x-copy-data-bin", new byte[] { 0, 255, 44 } } };

        using var call = Invoker.Unary([1], new CallOptions(sent));
        var headers = await call.ResponseHeadersAsync;
        await call;

        foreach (var metadata in new[] { headers, call.GetTrailers() })
        {
            Assert.Equal("a b", metadata.GetValue("x-copy-text"));
            Assert.Equal([0, 255, 44], metadata.GetValueBytes("x-copy-data-bin"));
        }
    }

    [Fact]
    public async Task Status_WithMessageAndDetails_Arrives()
    {
        var failure = await RawCalls.FailureAsync(() => Invoker.Unary([1], RawCalls.Do("fail")).ResponseAsync);

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
        Assert.Equal(RawService.Detail, failure.Status.Detail);
        Assert.Equal([0, 1, 2, 255], failure.Trailers.GetValueBytes("grpc-status-details-bin"));
    }

    [Fact]
    public async Task Unary_UnknownMethod_Unimplemented()
    {
        var unknown = new Method<Blob, Blob>(
            MethodType.Unary, Raw.ServiceName, "Missing", Raw.Unary.RequestMarshaller, Raw.Unary.ResponseMarshaller);

        using var call = Invoker.AsyncUnaryCall(unknown, null, default, new Blob([1]));

        Assert.Equal(StatusCode.Unimplemented, (await RawCalls.FailureAsync(() => call.ResponseAsync)).StatusCode);
    }

    [Fact]
    public async Task EightMebibytes_UnaryAndDuplex_ComeBackUnchanged()
    {
        var bytes = RawCalls.Bytes(8 * 1024 * 1024);

        Assert.Equal(bytes, (await Invoker.Unary(bytes)).Bytes);
        using var call = Invoker.Chat();
        await call.RequestStream.WriteAsync(new Blob(bytes));
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal(bytes, call.ResponseStream.Current.Bytes);
    }

    [Fact]
    public async Task Gzip_Request_IsUnderstood()
    {
        var bytes = new byte[100_000];

        var reply = await Invoker.Unary(bytes, new CallOptions(new Metadata { { "grpc-internal-encoding-request", "gzip" } }));

        Assert.Equal(bytes, reply.Bytes);
    }
}
