using k8s;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.Coordinator.Kubernetes.Api;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Kubernetes.Tests.ApiServer;

namespace TrainingCluster.Kubernetes.Tests.Controller;

/// <summary>The lease, when a coordinator ends at an awkward moment.</summary>
public sealed class LeaseKeeperTests
{
    /// <summary>At the end of the program a write is under way: 0 the first, which takes the lease, else a renewal.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task End_WhileAWriteIsUnderWay_GivesTheLeaseBack(int write)
    {
        await using var api = await TestApiServer.StartAsync(TrainingJobDefinition.Create());
        using var end = new CancellationTokenSource();
        using var handler = new LostAnswer(write, end);
        using var client = new k8s.Kubernetes(new KubernetesClientConfiguration { Host = api.Url }, handler);
        var keeper = new LeaseKeeper(
            client,
            new KubernetesAccess { Home = "default", Identity = "one" },
            new KubernetesOptions { RetryPeriod = TimeSpan.FromMilliseconds(50) },
            TimeProvider.System,
            NullLogger<LeaseKeeper>.Instance
        );

        var run = keeper.RunAsync(token => Task.Delay(Timeout.Infinite, token), end.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await run.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            end.Token.ThrowIfCancellationRequested();
        });

        Assert.Equal("", (string?)api.Find("leases", "default", LeaseKeeper.Name)?["spec"]?["holderIdentity"]);
    }

    /// <summary>The API server carries a write out, and its answer is lost as the program is told to end.</summary>
    private sealed class LostAnswer(int write, CancellationTokenSource end) : DelegatingHandler
    {
        private int _writes;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Get || Interlocked.Increment(ref _writes) != write + 1)
            {
                return await base.SendAsync(request, cancellationToken);
            }
            using var answer = await base.SendAsync(request, CancellationToken.None);
            await end.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw new InvalidOperationException("The call was to be cancelled with the program.");
        }
    }
}
