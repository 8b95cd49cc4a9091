using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Which services are mapped; answers calls of anything else with Unimplemented.</summary>
internal sealed class ServiceNames
{
    private readonly ConcurrentDictionary<string, bool> _names = new(StringComparer.Ordinal);
    private int _mapped;

    public void Add(string name) => _names.TryAdd(name, true);

    /// <summary>True once: whoever gets it maps the route of unknown calls.</summary>
    public bool TakeFallback() => Interlocked.Exchange(ref _mapped, 1) == 0;

    public Task AnswerUnknown(HttpContext http)
    {
        var known = http.Request.RouteValues["grpcService"] is string name && _names.ContainsKey(name);
        http.Response.ContentType = Names.ContentType;
        var detail = known ? "Method is unimplemented." : "Service is unimplemented.";
        TrailerWriter.Write(http.Response, new Status(StatusCode.Unimplemented, detail), null);
        return Task.CompletedTask;
    }
}

/// <summary>Lets gRPC requests alone into a route, so that the application's other routes keep theirs.</summary>
internal sealed class GrpcRequestConstraint : IRouteConstraint
{
    public const string Name = "grpcrequest";

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        httpContext is not null && Wire.Names.IsContentType(httpContext.Request.ContentType);
}
