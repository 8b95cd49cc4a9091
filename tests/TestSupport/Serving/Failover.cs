using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace TrainingCluster.TestSupport;

/// <summary>A client of several servers of translations, with the service configuration of docs/serving.md.</summary>
public static class Failover
{
    /// <summary>Takes the servers in turn, and asks again where one has ended.</summary>
    public static GrpcChannel Connect(params string[] addresses)
    {
        var services = new ServiceCollection();
        services.AddSingleton<ResolverFactory>(
            new StaticResolverFactory(_ => [.. addresses.Select(a => new Uri(a)).Select(a => new BalancerAddress(a.Host, a.Port))])
        );
        return GrpcChannel.ForAddress(
            "static:///servers",
            new GrpcChannelOptions
            {
                Credentials = ChannelCredentials.Insecure,
                ServiceProvider = services.BuildServiceProvider(),
                ServiceConfig = new ServiceConfig
                {
                    LoadBalancingConfigs = { new RoundRobinConfig() },
                    MethodConfigs =
                    {
                        new MethodConfig
                        {
                            Names = { MethodName.Default },
                            RetryPolicy = new RetryPolicy
                            {
                                MaxAttempts = 5,
                                InitialBackoff = TimeSpan.FromMilliseconds(50),
                                MaxBackoff = TimeSpan.FromSeconds(1),
                                BackoffMultiplier = 2,
                                // .NET's client reports a connection that breaks while it is made as INTERNAL.
                                RetryableStatusCodes = { StatusCode.Unavailable, StatusCode.Internal },
                            },
                        },
                    },
                },
            }
        );
    }
}
