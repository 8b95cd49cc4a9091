using Grpc.Core;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Cli.Tests.Client;

/// <summary>Errors of the coordinator name the trace by which its log tells more.</summary>
public sealed class TraceIdTests
{
    private const string Id = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Theory]
    [InlineData(StatusCode.Internal, "GetJob failed on the coordinator", $"Internal: GetJob failed on the coordinator (trace id {Id})", 1)]
    [InlineData(StatusCode.Internal, $"its log says why under the trace id {Id}", $"Internal: its log says why under the trace id {Id}", 1)]
    [InlineData(StatusCode.ResourceExhausted, "the disk is full", $"the disk is full (trace id {Id})", 4)]
    [InlineData(StatusCode.Unavailable, "the storage failed", $"the storage failed (trace id {Id})", 4)]
    [InlineData(StatusCode.NotFound, "there is no job x", "there is no job x", 2)]
    public async Task Error_OfTheCoordinator_NamesTheTraceWhereItHelps(StatusCode code, string detail, string expected, int status)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new() { Get = _ => throw new RpcException(new Status(code, detail), new Metadata { { TraceParent.AnswerKey, Id } }) }
        );
        var session = await Session.RunAsync("get", "x", "--coordinator", coordinator.Address);
        Assert.Equal(status, session.ExitCode);
        Assert.EndsWith($"{expected}\n", session.Error, StringComparison.Ordinal);
    }
}
