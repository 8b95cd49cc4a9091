using Compat.Grpc.Tests.Testing;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1Alpha;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Compat.Grpc.Tests.Reflection;

public sealed class ReflectionTests
{
    private static async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
    {
        await using var server = await TestServer.StartAsync(
            services: services => services.AddGrpcReflection(), map: application => application.MapGrpcReflectionService());
        using var call = new ServerReflection.ServerReflectionClient(server.Channel()).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        Assert.True(await call.ResponseStream.MoveNext());
        await call.RequestStream.CompleteAsync();
        return call.ResponseStream.Current;
    }

    [Fact]
    public async Task ListServices_AllMapped_NamesThoseWithDescriptors()
    {
        var answer = await AskAsync(new ServerReflectionRequest { ListServices = "*" });

        var names = answer.ListServicesResponse.Service.Select(service => service.Name).Order();
        Assert.Equal(["compat.tests.v1.Echo", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"], names);
    }

    [Theory]
    [InlineData("compat.tests.v1.Echo")]
    [InlineData("compat.tests.v1.Echo.Say")]
    [InlineData("compat.tests.v1.Note")]
    public async Task FileContainingSymbol_KnownSymbol_ReturnsItsFile(string symbol)
    {
        var answer = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol });

        var file = FileDescriptorProto.Parser.ParseFrom(answer.FileDescriptorResponse.FileDescriptorProto.First());
        Assert.Equal("echo.proto", file.Name);
    }

    [Fact]
    public async Task FileByFilename_KnownFile_IsReturned()
    {
        var answer = await AskAsync(new ServerReflectionRequest { FileByFilename = "echo.proto" });

        Assert.Single(answer.FileDescriptorResponse.FileDescriptorProto);
    }

    [Fact]
    public async Task Ask_UnknownNames_NotFound()
    {
        var file = await AskAsync(new ServerReflectionRequest { FileByFilename = "none.proto" });
        var symbol = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = "none" });

        Assert.Equal((int)StatusCode.NotFound, file.ErrorResponse.ErrorCode);
        Assert.Equal((int)StatusCode.NotFound, symbol.ErrorResponse.ErrorCode);
    }

    [Fact]
    public async Task Ask_Extensions_Unimplemented()
    {
        var answer = await AskAsync(new ServerReflectionRequest { AllExtensionNumbersOfType = "compat.tests.v1.Note" });

        Assert.Equal((int)StatusCode.Unimplemented, answer.ErrorResponse.ErrorCode);
    }
}
