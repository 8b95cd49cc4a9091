using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace TrainingCluster.Hosting;

/// <summary>
/// How a program says that it is well: /healthz (its parts live; else start it anew), /readyz (all is well; else leave it in peace for
/// now) and the gRPC health service, for each service and as a whole.
/// </summary>
public static class ProgramHealth
{
    /// <summary>Tag of checks that count for readiness alone: the services can be called all the same.</summary>
    public const string ReadinessOnly = "readiness";

    /// <summary>Tag of checks that do not count for <c>/healthz</c>: starting the program anew would not help.</summary>
    public const string NoRestart = "no-restart";

    /// <summary>Registers the gRPC health service.</summary>
    /// <param name="services">Of the program.</param>
    /// <param name="grpcServices">Full names. Each of them needs the actors: what nobody leads takes no calls.</param>
    public static IHealthChecksBuilder AddProgramHealth(this IServiceCollection services, params string[] grpcServices)
    {
        // Watchers hear of a change this often; whoever asks gets the truth of the moment.
        services.Configure<HealthCheckPublisherOptions>(o => (o.Delay, o.Period) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)));
        // The answer says what is wrong; a line in the log for each question says no more.
        services.AddLogging(logging => logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None));
        services.AddGrpc();
        return services.AddGrpcHealthChecks(options =>
        {
            foreach (var service in grpcServices.Append(""))
            {
                options.Services.Map(service, check => !check.Tags.Contains(ReadinessOnly));
            }
        });
    }

    /// <summary>Maps the three.</summary>
    public static void MapProgramHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks(
            "/healthz",
            Answer("ok", check => !check.Tags.Contains(ReadinessOnly) && !check.Tags.Contains(NoRestart))
        );
        endpoints.MapHealthChecks("/readyz", Answer("ready", _ => true));
        endpoints.MapGrpcHealthChecksService();
    }

    private static HealthCheckOptions Answer(string well, Func<HealthCheckRegistration, bool> which) =>
        new()
        {
            Predicate = which,
            ResponseWriter = (http, report) =>
            {
                http.Response.ContentType = "text/plain; charset=utf-8";
                var troubles = report
                    .Entries.Values.Where(entry => entry.Status != HealthStatus.Healthy)
                    .Select(entry => entry.Description);
                return http.Response.WriteAsync((report.Status == HealthStatus.Healthy ? well : string.Join("; ", troubles)) + "\n");
            },
        };
}
