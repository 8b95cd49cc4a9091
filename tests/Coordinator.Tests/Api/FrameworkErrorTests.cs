using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;

namespace TrainingCluster.Coordinator.Tests.Api;

/// <summary>What gRPC itself refuses, before any code of ours sees the call.</summary>
public class FrameworkErrorTests
{
    [Theory]
    [InlineData("NoSuchMethod", StatusCode.Unimplemented, "UNIMPLEMENTED")]
    [InlineData("GetJob/too long", StatusCode.ResourceExhausted, "RESOURCE_EXHAUSTED")]
    [InlineData("GetJob/unreadable", StatusCode.Unknown, "UNKNOWN")]
    public async Task Call_RefusedByTheFramework_HasDetailsToo(string what, StatusCode code, string reason)
    {
        await using var server = await TestServer.StartAsync();
        var raw = Marshallers.Create(bytes => bytes, bytes => bytes);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "cluster.v1.Jobs", what.Split('/')[0], raw, raw);
        var message = what.EndsWith("long", StringComparison.Ordinal) ? new byte[GrpcServing.MaxMessageBytes + 1] : [0x0F, 1, 2];
        var headers = new Metadata { { RequestIds.Header, "mine-1" } };

        var error = await Assert.ThrowsAsync<RpcException>(() =>
            server.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, new CallOptions(headers), message).ResponseAsync
        );

        Assert.Equal(code, error.StatusCode);
        Assert.Equal(reason, RpcErrorDetails.Find<ErrorInfo>(error)?.Reason);
        Assert.Equal("mine-1", RpcErrorDetails.Find<RequestInfo>(error)?.RequestId);
    }
}
