using Grpc.Core;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Telemetry;

public class TraceInterceptorTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Fact]
    public async Task Call_WithATrace_KeepsItWithTheJobAndAnswersIt()
    {
        await using var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        using var call = Create(server, $"00-{Trace}-00f067aa0ba902b7-01");
        var job = await call;
        Assert.Equal(Trace, call.GetTrailers().GetValue(TraceParent.AnswerKey));
        Assert.Equal(Trace, TraceParent.TraceIdOf((await server.Store.GetAsync(job.Id))!.TraceParent));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
    [InlineData("nonsense")]
    public async Task Call_WithoutATraceThatCanBeRead_GetsANewOne(string given)
    {
        await using var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        using var call = Create(server, given);
        var job = await call;
        var made = TraceParent.TraceIdOf((await server.Store.GetAsync(job.Id))!.TraceParent);
        Assert.Matches("^[0-9a-f]{32}$", made);
        Assert.NotEqual(Trace, made);
        Assert.Equal(made, call.GetTrailers().GetValue(TraceParent.AnswerKey));
    }

    [Fact]
    public async Task Call_ThatFails_AnswersTheTraceToo()
    {
        await using var server = await TestServer.StartAsync();
        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Jobs.GetJobAsync(new() { Id = "nobody" }));
        Assert.Matches("^[0-9a-f]{32}$", error.Trailers.GetValue(TraceParent.AnswerKey));
    }

    private static AsyncUnaryCall<Job> Create(TestServer server, string traceParent) =>
        server.Jobs.CreateJobAsync(
            new() { Spec = new() { Dataset = new() { Fingerprint = TestDataset.Fingerprint } } },
            new Metadata { { TraceParent.Key, traceParent } }
        );
}
