using Grpc.AspNetCore.Server.Internal;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps services.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>Serves every method of the service, at <c>/package.Service/Method</c>.</summary>
    /// <exception cref="InvalidOperationException">AddGrpc was not called, or the type has no base with methods.</exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        var names = builder.ServiceProvider.GetService<ServiceNames>()
            ?? throw new InvalidOperationException("Unable to find the required services. Call 'IServiceCollection.AddGrpc' in the application's startup code.");
        return new GrpcServiceEndpointConventionBuilder(ServiceMapper<TService>.Map(builder, names));
    }
}

/// <summary>Adds conventions to the endpoints of a service.</summary>
public sealed class GrpcServiceEndpointConventionBuilder : IEndpointConventionBuilder
{
    private readonly IEndpointConventionBuilder[] _endpoints;

    internal GrpcServiceEndpointConventionBuilder(IEnumerable<IEndpointConventionBuilder> endpoints) => _endpoints = [.. endpoints];

    public void Add(Action<EndpointBuilder> convention)
    {
        foreach (var endpoint in _endpoints)
            endpoint.Add(convention);
    }

    public void Finally(Action<EndpointBuilder> finallyConvention)
    {
        foreach (var endpoint in _endpoints)
            endpoint.Finally(finallyConvention);
    }
}
