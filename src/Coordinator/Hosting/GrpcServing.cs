using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Datasets;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Errors;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>The gRPC services of the coordinator.</summary>
public static class GrpcServing
{
    /// <summary>Greatest message, in bytes: chunks of files are far smaller, and so is every other message.</summary>
    public const int MaxMessageBytes = 16 * 1024 * 1024;

    /// <summary>
    /// Registers the services; <c>JobStore</c>, <c>IJobControl</c>, <c>DataFolder</c>, <c>AccessControl</c>, <c>Quotas</c> and
    /// <c>TimeProvider</c> come from the caller.
    /// </summary>
    public static IServiceCollection AddCoordinatorGrpc(this IServiceCollection services)
    {
        services.AddSingleton<DatasetLibrary>();
        services.AddSingleton<DatasetCatalog>();
        services.AddSingleton<DatasetPreparation>();
        services.AddSingleton<CheckpointLibrary>();
        services.AddSingleton<CheckpointModels>();
        services.AddSingleton<Admission>();
        services.AddSingleton<JobChanges>();
        services.AddSingleton<LedgerAudits>();
        services.AddSingleton(CoordinatorRules.All);
        services
            .AddGrpc(options =>
            {
                options.MaxReceiveMessageSize = MaxMessageBytes;
                options.MaxSendMessageSize = MaxMessageBytes;
                options.Interceptors.Add<TraceInterceptor>();
                // Outside of the others: it sees what clients see.
                options.Interceptors.Add<AuditInterceptor>();
                options.Interceptors.Add<ErrorInterceptor>();
                options.Interceptors.Add<AccessInterceptor>();
            })
            // The same calls over HTTP, with the same interceptors.
            .AddJsonTranscoding(options =>
            {
                options.JsonSettings.WriteInt64sAsStrings = true;
                options.TypeRegistry = RpcErrorDetails.Types;
            });
        services.AddGrpcReflection();
        return services;
    }

    /// <summary>Maps the services and reflection.</summary>
    public static void MapCoordinatorGrpc(this WebApplication app)
    {
        app.CompleteFrameworkErrors();
        app.MapGrpcService<JobsService>();
        app.MapGrpcService<DatasetsService>();
        app.MapGrpcService<CheckpointsService>();
        app.MapGrpcReflectionService();
    }
}
