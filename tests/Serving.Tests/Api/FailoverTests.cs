using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.DependencyInjection;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Tests.Api;

/// <summary>Several servers with the same model, and a client with the service configuration of docs/serving.md.</summary>
public class FailoverTests
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Translate_OneServerDrains_TheOtherAnswers()
    {
        await using var ending = await TestServer.StartAsync();
        await using var other = await TestServer.StartAsync();
        await ending.Gate.CloseAsync();
        using var channel = Connect(new RoundRobinConfig(), PortOf(ending), PortOf(other));
        var client = new Inference.InferenceClient(channel);
        for (var call = 0; call < 8; call++)
        {
            await AnsweredAsync(client);
        }
    }

    private static async Task AnsweredAsync(Inference.InferenceClient client)
    {
        var answer = await client.TranslateAsync(new TranslateRequest { Texts = { "3. Mai 2021" } }, cancellationToken: Ended);
        Assert.Equal("2021-05-03", Assert.Single(answer.Translations).Text);
    }

    private static GrpcChannel Connect(LoadBalancingConfig balancing, params int[] ports)
    {
        var services = new ServiceCollection();
        services.AddSingleton<ResolverFactory>(
            new StaticResolverFactory(_ => [.. ports.Select(port => new BalancerAddress("127.0.0.1", port))])
        );
        return GrpcChannel.ForAddress(
            "static:///servers",
            new GrpcChannelOptions
            {
                Credentials = ChannelCredentials.Insecure,
                ServiceProvider = services.BuildServiceProvider(),
                ServiceConfig = new ServiceConfig
                {
                    LoadBalancingConfigs = { balancing },
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
                                RetryableStatusCodes = { StatusCode.Unavailable },
                            },
                        },
                    },
                },
            }
        );
    }

    private static int PortOf(TestServer server) => new Uri($"http://{server.Channel.Target}").Port;
}
