using Grpc.Core;
using TrainingCluster.Errors;

namespace TrainingCluster.Tests.Errors;

public class RpcStreamingTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task SendAll_ServiceRefusesWhileAWriteWaitsForRoom_ThrowsItsStatus()
    {
        var stream = new FullStream();
        using var call = Call(stream);

        var sending = call.SendAllAsync(Messages(2), TestContext.Current.CancellationToken);
        await stream.Written.Task.WaitAsync(s_limit, TestContext.Current.CancellationToken);
        Assert.False(sending.IsCompleted);
        stream.Answer.SetException(new RpcException(new Status(StatusCode.ResourceExhausted, "full")));

        var error = await Assert.ThrowsAsync<RpcException>(() => sending.WaitAsync(s_limit, TestContext.Current.CancellationToken));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
    }

    [Fact]
    public async Task SendAll_ServiceAnswersEarly_ReturnsTheAnswerAndSendsNoMore()
    {
        var stream = new FullStream();
        using var call = Call(stream);
        stream.Answer.SetResult("known already");

        var answer = await call.SendAllAsync(Messages(2), TestContext.Current.CancellationToken)
            .WaitAsync(s_limit, TestContext.Current.CancellationToken);

        Assert.Equal("known already", answer);
        Assert.Equal(1, stream.Count);
    }

    private static AsyncClientStreamingCall<string, string> Call(FullStream stream) =>
        new(stream, stream.Answer.Task, Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });

    private static async IAsyncEnumerable<string> Messages(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await Task.Yield();
            yield return $"{i}";
        }
    }

    /// <summary>A stream in which no write ends: nobody reads it.</summary>
    private sealed class FullStream : IClientStreamWriter<string>
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<string> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count { get; private set; }

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(string message)
        {
            Count++;
            Written.TrySetResult();
            return new TaskCompletionSource().Task;
        }

        public Task WriteAsync(string message, CancellationToken cancellationToken) => WriteAsync(message);

        public Task CompleteAsync() => Task.CompletedTask;
    }
}
