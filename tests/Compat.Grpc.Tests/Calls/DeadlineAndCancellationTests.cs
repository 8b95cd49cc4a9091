using Compat.Grpc.Tests.Testing;
using Grpc.Core;

namespace Compat.Grpc.Tests.Calls;

public sealed class DeadlineAndCancellationTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task Unary_DeadlinePasses_ClientFailsAndServiceIsCancelled()
    {
        await using var server = await TestServer.StartAsync();
        var invoker = server.Invoker();
        await invoker.Unary([1]);
        var options = RawCalls.Do("wait").WithDeadline(RawCalls.DeadlineIn(RawCalls.LongEnoughToArrive));

        var failure = await RawCalls.FailureAsync(() => invoker.Unary([1], options).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await server.Probe.Cancelled.WaitAsync(RawCalls.Patience);
    }

    [Fact]
    public async Task Duplex_DeadlinePasses_ReaderFails()
    {
        await using var server = await TestServer.StartAsync();

        using var call = server.Invoker().Chat(new CallOptions(deadline: RawCalls.DeadlineIn(s_short)));
        var failure = await RawCalls.FailureAsync(() => call.ResponseStream.MoveNext());

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Fact]
    public async Task Unary_DeadlineAlreadyPast_FailsAtOnce()
    {
        await using var server = await TestServer.StartAsync();

        var failure = await RawCalls.FailureAsync(
            () => server.Invoker().Unary([1], new CallOptions(deadline: RawCalls.DeadlineIn(-s_short))).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        Assert.False(server.Probe.Begun.IsCompleted);
    }

    [Fact]
    public async Task Unary_DeadlineOfLocalTime_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var local = DateTime.SpecifyKind(RawCalls.DeadlineIn(s_short), DateTimeKind.Local);

        Assert.Throws<InvalidOperationException>(() => { server.Invoker().Unary([1], new CallOptions(deadline: local)); });
    }

    [Theory]
    [InlineData(60)]
    [InlineData(3_000_000)]
    [InlineData(90_000_000)]
    public async Task Deadline_FarAway_ServerKnowsItAboutRight(int seconds)
    {
        await using var server = await TestServer.StartAsync();
        var deadline = RawCalls.DeadlineIn(TimeSpan.FromSeconds(seconds));

        await server.Invoker().Unary([1], new CallOptions(deadline: deadline));

        // Far deadlines are rounded up to the next minute or hour on the wire.
        var known = (await server.Probe.Begun).Deadline;
        Assert.InRange(known, deadline - TimeSpan.FromMinutes(1), deadline + TimeSpan.FromMinutes(61));
    }

    [Fact]
    public async Task Deadline_None_ServerSeesNone()
    {
        await using var server = await TestServer.StartAsync();

        await server.Invoker().Unary([1]);

        Assert.Equal(DateTime.MaxValue, (await server.Probe.Begun).Deadline);
    }

    [Fact]
    public async Task Unary_TokenFires_ClientFailsAndServiceIsCancelled()
    {
        await using var server = await TestServer.StartAsync();
        using var source = new CancellationTokenSource();

        using var call = server.Invoker().Unary([1], RawCalls.Do("wait").WithCancellationToken(source.Token));
        await server.Probe.Begun.WaitAsync(RawCalls.Patience);
        await source.CancelAsync();
        var failure = await RawCalls.FailureAsync(() => call.ResponseAsync);

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await server.Probe.Cancelled.WaitAsync(RawCalls.Patience);
    }

    [Fact]
    public async Task Unary_TokenFiredBefore_FailsAtOnce()
    {
        await using var server = await TestServer.StartAsync();

        var failure = await RawCalls.FailureAsync(
            () => server.Invoker().Unary([1], new CallOptions(cancellationToken: new CancellationToken(true))).ResponseAsync);

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
    }

    [Fact]
    public async Task MoveNext_TokenFires_CallIsCancelled()
    {
        await using var server = await TestServer.StartAsync();
        using var source = new CancellationTokenSource();

        using var call = server.Invoker().Chat();
        var read = call.ResponseStream.MoveNext(source.Token);
        await source.CancelAsync();
        var failure = await RawCalls.FailureAsync(() => read);

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Dispose_CallRuns_ServiceIsCancelled()
    {
        await using var server = await TestServer.StartAsync();

        var call = server.Invoker().Chat(RawCalls.Do("wait"));
        await server.Probe.Begun.WaitAsync(RawCalls.Patience);
        call.Dispose();

        await server.Probe.Cancelled.WaitAsync(RawCalls.Patience);
    }

    [Fact]
    public async Task ChannelDispose_CallRuns_CallIsCancelled()
    {
        await using var server = await TestServer.StartAsync();
        var channel = server.Channel();

        using var call = channel.CreateCallInvoker().Chat(RawCalls.Do("wait"));
        await server.Probe.Begun.WaitAsync(RawCalls.Patience);
        var read = call.ResponseStream.MoveNext();
        channel.Dispose();
        var failure = await RawCalls.FailureAsync(() => read);

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => call.ResponseStream.MoveNext());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => call.RequestStream.WriteAsync(new Blob([1])));
        Assert.Throws<ObjectDisposedException>(channel.CreateCallInvoker);
    }

    [Fact]
    public async Task ThrowOperationCanceledOnCancellation_TokenFires_ThrowsThat()
    {
        await using var server = await TestServer.StartAsync();
        using var source = new CancellationTokenSource();

        using var call = server.Invoker(new() { ThrowOperationCanceledOnCancellation = true })
            .Unary([1], RawCalls.Do("wait").WithCancellationToken(source.Token));
        await server.Probe.Begun.WaitAsync(RawCalls.Patience);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.ResponseAsync.WaitAsync(RawCalls.Patience));
    }
}
