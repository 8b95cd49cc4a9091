using Compat.Grpc.Tests.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Compat.Grpc.Tests.Interop;

/// <summary>grpcio's client calls our server.</summary>
public sealed class PythonClientTests
{
    [Theory]
    [InlineData("unary")]
    [InlineData("client_stream")]
    [InlineData("server_stream")]
    [InlineData("duplex")]
    [InlineData("deadline")]
    [InlineData("cancel")]
    [InlineData("metadata")]
    [InlineData("status")]
    [InlineData("unimplemented")]
    [InlineData("large")]
    [InlineData("gzip")]
    [InlineData("health")]
    [InlineData("reflection")]
    public async Task Grpcio_CallsOurServer_CheckHolds(string check)
    {
        await Python.RequireAsync();
        await using var server = await TestServer.StartAsync(
            grpc =>
            {
                grpc.MaxReceiveMessageSize = null;
                grpc.ResponseCompressionAlgorithm = check == "gzip" ? "gzip" : null;
            },
            services =>
            {
                services.AddGrpcHealthChecks().AddCheck("always", () => HealthCheckResult.Healthy());
                services.AddGrpcReflection();
            },
            application =>
            {
                application.MapGrpcHealthChecksService();
                application.MapGrpcReflectionService();
            });

        using var client = Python.Start("client.py", new Uri(server.Address).Authority, check);
        var output = client.StandardOutput.ReadToEndAsync();
        var errors = client.StandardError.ReadToEndAsync();
        try
        {
            await client.WaitForExitAsync().WaitAsync(RawCalls.Patience);
        }
        finally
        {
            // Without effect on a client that has ended.
            client.Kill();
        }

        Assert.True(client.ExitCode == 0, await output + await errors);
        if (check is "deadline" or "cancel")
            await server.Probe.Cancelled.WaitAsync(RawCalls.Patience);
    }
}
