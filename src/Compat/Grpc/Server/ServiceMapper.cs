using System.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Finds the methods of a service and maps an endpoint for each.</summary>
internal static class ServiceMapper<TService>
    where TService : class
{
    public static List<IEndpointConventionBuilder> Map(IEndpointRouteBuilder endpoints, ServiceNames names)
    {
        var services = endpoints.ServiceProvider;
        var settings = new MethodSettings(
            services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value,
            services.GetRequiredService<IOptions<GrpcServiceOptions<TService>>>().Value,
            services.GetRequiredService<ILoggerFactory>().CreateLogger("Grpc.AspNetCore.Server.ServerCallHandler"));
        var binder = new Binder(settings, services.GetRequiredService<ServiceActivator<TService>>());
        BindMethod(typeof(TService)).Invoke(null, BindingFlags.DoNotWrapExceptions, null, [binder, null], null);

        var builders = new List<IEndpointConventionBuilder>();
        foreach (var (method, handler) in binder.Methods)
        {
            names.Add(method.ServiceName);
            var builder = endpoints.MapMethods(method.FullName, [HttpMethods.Post], handler);
            builder.WithDisplayName($"gRPC - {method.FullName}").WithMetadata(new GrpcMethodMetadata(typeof(TService), method));
            builders.Add(builder);
        }
        if (names.TakeFallback())
        {
            endpoints.MapMethods(
                $"{{grpcService}}/{{grpcMethod:{GrpcRequestConstraint.Name}}}", [HttpMethods.Post], names.AnswerUnknown)
                .WithDisplayName("gRPC - unimplemented");
        }
        return builders;
    }

    private static MethodInfo BindMethod(Type serviceType)
    {
        for (var type = serviceType; type is not null; type = type.BaseType)
        {
            var attribute = type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false);
            if (attribute is null)
                continue;
            return attribute.BindType.GetMethod(
                attribute.BindMethodName, BindingFlags.Public | BindingFlags.Static, [typeof(ServiceBinderBase), type])
                ?? throw new InvalidOperationException(
                    $"{attribute.BindType} has no public static method {attribute.BindMethodName}({nameof(ServiceBinderBase)}, {type.Name}), which {type} names.");
        }
        throw new InvalidOperationException(
            $"Cannot locate BindService(ServiceBinderBase, ServiceBase) method for the current service type: {serviceType}. "
            + "Its base class needs a BindServiceMethodAttribute.");
    }

    private sealed class Binder(MethodSettings settings, ServiceActivator<TService> activator) : ServiceBinderBase
    {
        public List<(IMethod Method, RequestDelegate Handler)> Methods { get; } = [];

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
            Methods.Add((method, new UnaryHandler<TService, TRequest, TResponse>(
                method, settings, activator,
                Implementation<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method)).HandleAsync));

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
            Methods.Add((method, new ClientStreamingHandler<TService, TRequest, TResponse>(
                method, settings, activator,
                Implementation<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(method)).HandleAsync));

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
            Methods.Add((method, new ServerStreamingHandler<TService, TRequest, TResponse>(
                method, settings, activator,
                Implementation<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(method)).HandleAsync));

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
            Methods.Add((method, new DuplexStreamingHandler<TService, TRequest, TResponse>(
                method, settings, activator,
                Implementation<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(method)).HandleAsync));

        // The service's method of the same name and parameters, as a delegate that takes the service first.
        private static TDelegate Implementation<TDelegate>(IMethod method)
            where TDelegate : Delegate
        {
            var parameters = typeof(TDelegate).GetMethod("Invoke")!.GetParameters().Skip(1).Select(p => p.ParameterType).ToArray();
            var found = typeof(TService).GetMethod(method.Name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance, parameters)
                ?? throw new InvalidOperationException(
                    $"{typeof(TService)} has no method {method.Name}({string.Join(", ", parameters.Select(p => p.Name))}) for {method.FullName}.");
            return found.CreateDelegate<TDelegate>();
        }
    }
}
