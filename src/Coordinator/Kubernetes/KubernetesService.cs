using k8s;
using k8s.Exceptions;
using Microsoft.Extensions.Options;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Kubernetes.Api;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>Leads where it can get the lease, and carries TrainingJobs out while it leads.</summary>
internal sealed class KubernetesService(LeaseKeeper lease, TrainingJobController controller, WorkerScaler scaler) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await lease.RunAsync(LeadAsync, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The program ends.
        }
    }

    private async Task LeadAsync(CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var work = new[] { controller.RunAsync(ended.Token), scaler.RunAsync(ended.Token) };
        await Task.WhenAny(work);
        await ended.CancelAsync();
        await Task.WhenAll(work);
    }
}

/// <summary>The controller among the program's services.</summary>
internal static class KubernetesServices
{
    /// <summary>Adds the controller.</summary>
    /// <exception cref="InvalidDataException">The API server cannot be found, or the times do not fit one another.</exception>
    public static IServiceCollection AddKubernetes(this IServiceCollection services, KubernetesAccess access)
    {
        var client = new k8s.Kubernetes(Configuration(access));
        return services
            .AddSingleton<IKubernetes>(client)
            .AddSingleton(access)
            .AddSingleton(provider => Checked(provider.GetRequiredService<IOptions<KubernetesOptions>>().Value))
            .AddSingleton<JobsService>()
            .AddSingleton<TrainingJobApi>()
            .AddSingleton<TrainingJobWatch>()
            .AddSingleton<TextLibrary>()
            .AddSingleton<TrainingJobController>()
            .AddSingleton<WorkerScaler>()
            .AddSingleton<LeaseKeeper>()
            .AddHostedService<KubernetesService>();
    }

    private static KubernetesClientConfiguration Configuration(KubernetesAccess access)
    {
        try
        {
            return access.Config is { } file
                ? KubernetesClientConfiguration.BuildConfigFromConfigFile(file)
                : KubernetesClientConfiguration.InClusterConfig();
        }
        catch (Exception e) when (e is KubeConfigException or IOException or UnauthorizedAccessException or YamlDotNet.Core.YamlException)
        {
            throw access.Config is { } file
                ? new InvalidDataException($"--kubeconfig {file} cannot be used: {e.Message}", e)
                : new InvalidDataException(
                    $"--kubernetes: this is no pod with a service account ({e.Message}); name a kubeconfig with --kubeconfig FILE",
                    e
                );
        }
    }

    private static KubernetesOptions Checked(KubernetesOptions options) =>
        options.RetryPeriod < options.RenewDeadline && options.RenewDeadline < options.LeaseDuration
            ? options
            : throw new InvalidDataException(
                $"Kubernetes:RetryPeriod ({options.RetryPeriod.TotalSeconds} s) must be less than Kubernetes:RenewDeadline "
                    + $"({options.RenewDeadline.TotalSeconds} s), and that less than Kubernetes:LeaseDuration "
                    + $"({options.LeaseDuration.TotalSeconds} s): a leader that cannot renew its lease must stop before another takes it"
            );
}
