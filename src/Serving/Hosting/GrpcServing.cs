using TrainingCluster.Access;
using TrainingCluster.Errors;
using TrainingCluster.Serving.Api;

namespace TrainingCluster.Serving.Hosting;

/// <summary>The gRPC service of the server.</summary>
internal static class GrpcServing
{
    /// <summary>
    /// Registers it; <c>ModelLibrary</c>, <c>SentenceQueue</c>, <c>TranslationEngine</c>, <c>AccessControl</c>, <c>ServingMetrics</c> and
    /// <c>TimeProvider</c> come from the caller.
    /// </summary>
    public static IServiceCollection AddServingGrpc(this IServiceCollection services)
    {
        services.AddSingleton<TranslationCalls>();
        services.AddSingleton<CallGate>();
        services.AddSingleton(ServingRules.All);
        services
            .AddGrpc(options =>
            {
                // The first sees what clients see.
                options.Interceptors.Add<ErrorInterceptor>();
                options.Interceptors.Add<AccessInterceptor>();
            })
            .AddJsonTranscoding(options => options.TypeRegistry = RpcErrorDetails.Types);
        services.AddGrpcReflection();
        return services;
    }

    /// <summary>Maps the service and reflection.</summary>
    public static void MapServingGrpc(this WebApplication app)
    {
        app.CompleteFrameworkErrors();
        app.MapGrpcService<InferenceService>();
        app.MapGrpcReflectionService();
    }
}
