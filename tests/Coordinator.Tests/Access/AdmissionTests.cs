using Grpc.Core;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Settings;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Access;

/// <summary>Jobs that a namespace may not have are refused at once, with a reason.</summary>
public sealed class AdmissionTests
{
    [Fact]
    public async Task CreateJob_MinimumAboveTheQuotaOfItsNamespace_IsRefusedAndNamesBoth()
    {
        var error = await RefusedAsync(new() { WorkerQuotas = Numbers("*=8,research=2") }, s => s.Workers = new() { Min = 3 });
        Assert.Contains("3 is more than the quota of namespace research, 2 workers", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateJob_PriorityAboveTheLimitOfItsNamespace_IsRefusedAndNamesTheLimit()
    {
        var error = await RefusedAsync(new() { PriorityLimits = Numbers("*=10") }, s => s.Priority = 11);
        Assert.Contains(
            "11 is more than jobs of namespace research may have; give 10 at most",
            error.Status.Detail,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(1001)]
    [InlineData(-1001)]
    public async Task CreateJob_PriorityOutOfRange_IsRefusedAndNamesTheRange(int priority)
    {
        var error = await RefusedAsync(new(), s => s.Priority = priority);
        Assert.Contains("priority", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("1000", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateJob_WithinTheQuotaAndTheLimit_IsTaken()
    {
        await using var server = await TestServer.StartAsync(
            queue: new() { WorkerQuotas = Numbers("research=2"), PriorityLimits = Numbers("research=10") }
        );
        TestDataset.AddTo(server.Data);
        var job = await server.Jobs.CreateJobAsync(
            Request(s => (s.Priority, s.Workers) = (10, new() { Min = 2 })),
            cancellationToken: TestContext.Current.CancellationToken
        );
        Assert.Equal(10, job.Spec.Priority);
    }

    [Theory]
    [InlineData("no such place!")]
    [InlineData("*")]
    public async Task GetQueue_NoNameOfANamespace_IsRefused(string name)
    {
        await using var server = await TestServer.StartAsync();
        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Jobs.GetQueueAsync(new() { Namespace = name }));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains(name, error.Status.Detail, StringComparison.Ordinal);
    }

    private static NamespaceNumbers Numbers(string text) => NamespaceNumbers.Read(text, out _)!;

    private static CreateJobRequest Request(Action<JobSpec> change)
    {
        var spec = new JobSpec { Dataset = new() { Fingerprint = TestDataset.Fingerprint } };
        change(spec);
        return new() { Spec = spec, Namespace = "research" };
    }

    private static async Task<RpcException> RefusedAsync(QueueOptions options, Action<JobSpec> change)
    {
        await using var server = await TestServer.StartAsync(queue: options);
        TestDataset.AddTo(server.Data);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Jobs.CreateJobAsync(Request(change)));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Empty(server.Control.Created);
        return error;
    }
}
