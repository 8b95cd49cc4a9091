using Grpc.AspNetCore.Server.Internal;
using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

/// <summary>From a gRPC call to the HTTP request beneath.</summary>
public static class ServerCallContextExtensions
{
    /// <exception cref="InvalidOperationException">The call was not served by ASP.NET Core.</exception>
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext)
    {
        ArgumentNullException.ThrowIfNull(serverCallContext);
        if (serverCallContext is ServerCall call)
            return call.Http;
        // How tests with a context of their own hand one in.
        if (serverCallContext.UserState.TryGetValue("__HttpContext", out var state) && state is HttpContext http)
            return http;
        throw new InvalidOperationException("Could not get HttpContext from ServerCallContext: the call was not served by ASP.NET Core.");
    }
}
